"""Looks at the documentation page in a headless Chromium: documentation_page.py URL [SCREENSHOT]"""

import sys

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

options = webdriver.ChromeOptions()
options.binary_location = "/usr/bin/chromium"
for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1000,1400"):
    options.add_argument(argument)
options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
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
    if len(sys.argv) > 2:
        driver.save_screenshot(sys.argv[2])

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
