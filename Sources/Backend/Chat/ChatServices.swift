import Logging
import ServiceLifecycle

/// The parts of conversations and chat, put together once.
struct ChatServices: Sendable {
    let chat: ChatService
    let keeper: GenerationKeeper
    let titles: TitleMaker

    /// - Parameter defaultModel: For conversations that name none.
    init(
        store: Store, authenticator: any Authenticator, model: any CompletionModel, limits: UsageLimits,
        metrics: CompletionMetrics, bus: any MessageBus, cache: any Cache, defaultModel: String,
        policy: GenerationPolicy, logger: Logger
    ) {
        let titles = TitleMaker(store: store, model: model, logger: logger)
        let registry = GenerationRegistry(store: store, model: model, policy: policy, metrics: metrics, logger: logger)
        {
            titles.answered($0, for: $1)
        }
        let bus = AnswerBus(bus: bus)
        self.titles = titles
        keeper = GenerationKeeper(registry: registry, bus: bus, logger: logger)
        chat = ChatService(
            access: ConversationAccess(
                store: store, authenticator: authenticator, owners: ConversationOwners(store: store, cache: cache)),
            registry: registry, bus: bus,
            limits: limits, defaultModel: defaultModel)
    }

    /// The API.
    var routes: [any RouteGroup] {
        [
            ConversationRoutes(access: chat.access) { [chat] in await chat.willDelete($0) },
            MessageRoutes(access: chat.access), TransferRoutes(access: chat.access), ChatRoutes(chat: chat),
        ]
    }

    /// What runs beside the HTTP server: after the database, the bus and the upstream, which it needs to its end.
    var background: [any Service] { [titles, keeper] }
}
