import K8sClient
import Testing

@testable import devcluster

@Suite struct SelectorTests {
    @Test(
        "label selectors pick what they say",
        arguments: [
            ("app=web", true), ("app==web", true), ("app!=web", false), ("tier", true), ("!tier", false),
            ("!gone", true),
            ("app in (web, api)", true), ("app notin (web)", false), ("gone notin (x)", true), ("n>4", true),
            ("n<4", false), ("app=web,tier=front", true), ("app=web,tier=back", false), ("", true),
        ])
    func labels(_ text: String, _ fits: Bool) throws {
        #expect(try LabelSelectorParser.parse(text).matches(["app": "web", "tier": "front", "n": "5"]) == fits)
    }

    @Test(
        "a selector that cannot be read is refused", arguments: ["((", "a in", "a in (", "a=b c", "=b", "a,,b", "a=b,"])
    func badLabels(_ text: String) {
        let error = #expect(throws: StatusError.self) { try LabelSelectorParser.parse(text) }
        #expect(error?.code == 400)
    }

    @Test("field selectors know the kind's fields and no others")
    func fields() throws {
        let selector = try FieldSelector.parse("metadata.name=a,status.phase!=Running", supported: ["status.phase"])
        #expect(selector.matches(["metadata.name": "a", "status.phase": "Pending"]))
        #expect(!selector.matches(["metadata.name": "a", "status.phase": "Running"]))
        #expect(throws: StatusError.self) { try FieldSelector.parse("spec.secret=x", supported: []) }
    }

    @Test("an object's own selector prints as text and reads back")
    func objectSelector() throws {
        let selector = try #require(
            LabelSelector([
                "matchLabels": ["app": "web"],
                "matchExpressions": [["key": "tier", "operator": "In", "values": ["a", "b"]]],
            ]))
        #expect(selector.text == "app=web,tier in (a,b)")
        #expect(try LabelSelectorParser.parse(selector.text) == selector)
        #expect(LabelSelector(["matchExpressions": [["key": "x", "operator": "Odd"]]]) == nil)
    }
}
