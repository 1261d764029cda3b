"""Looks at the documentation page in a headless Chromium: documentation_page.py URL [SCREENSHOT]"""

import json
import sys

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

options = webdriver.ChromeOptions()
options.binary_location = "/usr/bin/chromium"
for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1000,1400"):
    options.add_argument(argument)
options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})



def open_operation(name):
    """Folds an operation's entry out."""
    operation = driver.find_element(By.ID, name)
    driver.execute_script("arguments[0].open = true; arguments[0].scrollIntoView()", operation)
    wait.until(lambda d: operation.find_element(By.CSS_SELECTOR, "button.send").is_displayed())
    return operation


def fill(element, text):
    driver.execute_script("arguments[0].value = arguments[1]", element, text)


def try_out(name, body=None, fields={}):
    """Sends an operation's form, and waits for the end of its answer."""
    operation = open_operation(name)
    for field, value in fields.items():
        fill(driver.find_element(By.ID, f"{name}-{field}"), value)
    if body is not None:
        fill(operation.find_element(By.TAG_NAME, "textarea"), json.dumps(body))
    operation.find_element(By.CSS_SELECTOR, "button.send").click()
    wait.until(lambda d: operation.find_element(By.CSS_SELECTOR, ".status").text[:1].isdigit())
    wait.until(lambda d: not operation.find_element(By.XPATH, ".//button[text()='Stop']").is_displayed())
    return operation.find_element(By.CSS_SELECTOR, ".answer").text


def document(answer):
    """The JSON in an answer, after its headers."""
    return json.loads(answer.split("\n\n", 1)[1])


OPEN_SOCKET = """
const [token, conversation, done] = arguments;
const address = location.origin.replace('http', 'ws') + '/ws/chat';
let socket;
try { socket = new WebSocket(address, ['chat', 'bearer.' + token]); } catch (error) { done(String(error)); }
let text = '';
socket.onopen = () => socket.send(JSON.stringify({ type: 'message.create', conversation_id: conversation, content: 'one two' }));
socket.onmessage = event => {
  const message = JSON.parse(event.data);
  if (message.type === 'message.delta') text += message.delta;
  if (message.type === 'message.completed') { done([socket.protocol, text, message.message.content]); socket.close(); }
  if (message.type === 'error') done(event.data);
};
socket.onerror = () => done('the socket cannot be opened');
"""

driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
try:
    wait = WebDriverWait(driver, 60)
    driver.get(sys.argv[1])
    operation = wait.until(lambda d: d.find_element(By.ID, "getHealth"))
    shown = driver.find_elements(By.CSS_SELECTOR, "section details.operation")
    assert len(shown) > 4, f"only {len(shown)} entries"

    # The filter leaves what it names.
    driver.find_element(By.ID, "filter").send_keys("liveness")
    wait.until(lambda d: sum(e.is_displayed() for e in d.find_elements(By.CSS_SELECTOR, "details.operation")) == 1)

    operation.find_element(By.TAG_NAME, "summary").click()
    wait.until(lambda d: operation.find_element(By.CSS_SELECTOR, "button.send").is_displayed())
    operation.find_element(By.CSS_SELECTOR, "button.send").click()
    wait.until(lambda d: operation.find_element(By.CSS_SELECTOR, ".status").text.startswith("200"))
    wait.until(lambda d: '"status": "ok"' in operation.find_element(By.CSS_SELECTOR, ".answer").text)
    driver.find_element(By.ID, "filter").clear()
    driver.execute_script("document.getElementById('filter').dispatchEvent(new Event('input'))")

    # A whole conversation by the page alone.
    session = document(try_out("register", {"email": "ada@example.com", "password": "analytical engine"}))
    fill(driver.find_element(By.ID, "token"), session["access_token"])
    conversation = document(try_out("createConversation", {"title": "Engines"}))["id"]
    events = try_out("sendMessage", {"content": "one two three", "stream": True}, {"conversation": conversation})
    assert "content-type: text/event-stream" in events, events
    kinds = [line.removeprefix("event: ") for line in events.splitlines() if line.startswith("event: ")]
    assert kinds[0] == "message.created" and kinds[-1] == "message.completed", kinds
    assert "message.delta" in kinds, kinds
    if len(sys.argv) > 2:
        driver.execute_script("arguments[0].scrollIntoView()", driver.find_element(By.ID, "sendMessage"))
        driver.save_screenshot(sys.argv[2])
        driver.execute_script("scrollTo(0, 0)")
        driver.save_screenshot(sys.argv[2].replace(".png", "-top.png"))

    # Pages of this origin open WebSockets, with the token as a protocol.
    driver.set_script_timeout(60)
    answer = driver.execute_async_script(OPEN_SOCKET, session["access_token"], conversation)
    assert answer == ["chat", "one two", "one two"], answer

    origin = sys.argv[1].rsplit("/", 1)[0]
    requested = [
        entry["message"] for entry in driver.get_log("performance") if '"Network.requestWillBeSent"' in entry["message"]
    ]
    assert requested, "no requests were logged"
    for message in requested:
        assert f'"url":"{origin}/' in message, f"a request went elsewhere: {message[:400]}"
    # The browser asks for an icon by itself, which is not there.
    errors = [e["message"] for e in driver.get_log("browser") if e["level"] == "SEVERE" and "favicon" not in e["message"]]
    assert not errors, errors
finally:
    driver.quit()
