#!/usr/bin/env python3
"""An escalation rings everywhere, and acknowledged in one place it is silent in all: in a real browser.

Firefox without a screen, the whole simulated club, and a push service of this folder between the two. A
customer texts; the staff page must ring, the browser must show the notification (its own service worker,
its own decryption), the simulated Slack must show the call. Then it is acknowledged, once in Slack, once on
the staff page. Every step says what was seen; the first that fails ends it with status 1.

usage: tests/browser/push.py [--program FILE] [--pictures DIR] [--keep DIR]
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from club import Club
from firefox import Firefox, Refused
from push_server import PushServer

ROOT = Path(__file__).resolve().parents[2]
ALEX, KIM = "+19025550101", "+19025550103"
PASSWORD = "clubhouse-demo"
# What the customers add that nobody outside the club may read.
PRIVATE = ("zebra", "umbrella", "5550101", "5550103", "902 555", "Alex", "Kim")
NOTIFICATIONS = """
  const worker = await navigator.serviceWorker.getRegistration("/push-worker.js");
  if (!worker) return [];
  return (await worker.getNotifications()).map((n) => ({ title: n.title, body: n.body, tag: n.tag,
    silent: n.silent, url: n.data && n.data.url, stays: n.requireInteraction }));
"""
# The windows the browser itself draws for notifications.
POPUPS = """return [...Services.wm.getEnumerator("alert:alert")].map((w) => ["alertTitleLabel", "alertTextLabel"]
  .map((id) => w.document.getElementById(id)).map((e) => e.getAttribute("value") || e.textContent));"""
CLICK_POPUP = """
  const title = (w) => { const e = w.document.getElementById("alertTitleLabel"); return e.getAttribute("value") || e.textContent; };
  const popup = [...Services.wm.getEnumerator("alert:alert")].filter((w) => title(w) === %s).pop();
  popup.dispatchEvent(new popup.MouseEvent("click"));"""
RINGS = """return { red: document.body.classList.contains("alarming"), title: document.title,
  chip: document.querySelector("[data-alarm]") !== null, beeps: window.beeps || 0 };"""
# A machine without a sound device keeps every AudioContext suspended: this one only counts what would sound.
COUNT_BEEPS = """
  if (window.beeps === undefined) {
    window.beeps = 0;
    const make = AudioContext.prototype.createOscillator;
    Object.defineProperty(AudioContext.prototype, "state", { get: () => "running" });
    AudioContext.prototype.resume = () => Promise.resolve();
    AudioContext.prototype.createOscillator = function () { window.beeps += 1; return make.call(this); };
    document.dispatchEvent(new KeyboardEvent("keydown"));
  }
"""
SLACK = """return [...document.querySelectorAll(".slack")].map((m) => ({ text: m.innerText,
  buttons: [...m.querySelectorAll("button")].map((b) => b.innerText) }));"""


class Failed(Exception):
    """What was to be seen was not."""


def until(what, look, seconds=30):
    """Looks until it is there; the value seen."""
    end = time.monotonic() + seconds
    seen = None
    while time.monotonic() < end:
        seen = look()
        if seen:
            return seen
        time.sleep(0.1)
    raise Failed(f"not seen within {seconds} s: {what}")


class Run:
    def __init__(self, club, push, browser, pictures):
        self.club, self.push, self.browser, self.pictures = club, push, browser, pictures
        self.staff = browser.here()
        self.slack = self.phone = None
        self.number = 0

    def say(self, what):
        self.number += 1
        print(f"ok {self.number:2} {what}", flush=True)

    def picture(self, name):
        if self.pictures:
            self.browser.picture(self.pictures / f"{name}.png", full=False)

    def at(self, tab, look):
        self.browser.go(tab)
        return look()

    def rings(self):
        return self.at(self.staff, lambda: self.browser.script(COUNT_BEEPS + RINGS))

    def shown(self):
        return self.at(self.staff, lambda: self.browser.script(NOTIFICATIONS))

    def notification(self, want):
        return next((n for n in self.shown() if want(n)), None)

    def calls(self):
        return self.at(self.slack, lambda: self.browser.script(SLACK))

    def text(self, number, words):
        """Alex or Kim writes on the simulated phone."""
        self.browser.go(self.phone)
        self.browser.open(f"{self.club.url}/demo/phone?as={number.replace('+', '%2B')}")
        self.browser.type("#text", words)
        self.browser.click("form[data-send] button")

    def keeps_private(self, where, text):
        told = [word for word in PRIVATE if word.lower() in text.lower()]
        if told:
            raise Failed(f"{where} tells what stays in the club: {told}")

    # The steps.

    def sign_in(self):
        b = self.browser
        b.open(self.club.url + "/")
        b.type("#name", "sam")
        b.type("#password", PASSWORD)
        b.click("button.primary")
        until("the staff page", lambda: b.script("return document.getElementById('escalations') !== null"))
        b.script(COUNT_BEEPS)
        b.click("#sound")
        until("the alarm is armed", lambda: b.script("return document.getElementById('sound').innerText") == "Alarm armed")
        self.say("sam, who is on call, is signed in, and the alarm of the staff page is armed")
        self.slack = b.tab()
        b.open(self.club.url + "/demo/slack")
        self.phone = b.tab()
        b.open(self.club.url + "/demo/phone")

    def switch_on(self):
        self.browser.go(self.phone)
        b = self.browser
        b.open(self.club.url + "/channels")
        b.click("#ring-on")
        says = "return document.getElementById('ring-says').innerText"
        end = until("the page's answer", lambda: (s := b.script(says)) not in ("", "One moment …") and s, 60)
        if end != "This device rings for you.":
            raise Failed(f"the page says: {end}")
        if len(self.push.channels) != 1:
            raise Failed(f"{len(self.push.channels)} subscriptions at the push service")
        self.picture("channels-on")
        self.say(f"on /channels: “{end}” (the browser has its endpoint from the push service)")

    def test_button(self):
        b = self.browser
        b.click("form[action='/channels/push/test'] button")
        seen = until("the test's notification", lambda: self.notification(lambda n: n["tag"] == "test"))
        self.say(f"“Send me a test” shows “{seen['title']}”")

    def ring(self, number, words, closed=False):
        """A customer's text to the alarm everywhere; the notification and the push it came by."""
        before, acked = len(self.push.posts), len(self.push.acks)
        old = {n["tag"] for n in self.shown() if n["tag"].startswith("escalation-")}
        if closed:
            for tab in (self.staff, self.slack):
                self.browser.go(tab)
                self.browser.open("about:blank")
        start = time.monotonic()
        self.text(number, words)
        if closed:
            self.browser.open("about:blank")
        until("a push from the box", lambda: len(self.push.posts) > before)
        until("the browser took the push", lambda: len(self.push.acks) > acked)
        took = self.push.posts[before]["at"] - start
        if closed:
            if self.push.acks[-1][1] not in (None, 100):
                raise Failed(f"the browser says code {self.push.acks[-1][1]}")
            for tab, path in ((self.staff, "/"), (self.slack, "/demo/slack")):
                self.browser.go(tab)
                self.browser.open(self.club.url + path)
        new = lambda n: n["tag"].startswith("escalation-") and n["tag"] not in old and not n["silent"]
        seen = until("the notification", lambda: self.notification(new))
        post = self.push.posts[before]
        self.keeps_private("the notification", seen["title"] + seen["body"])
        if any(word.encode() in post["body"] for word in (seen["title"], seen["tag"])):
            raise Failed("the push service could read the message")
        if seen["tag"] != post["topic"]:
            raise Failed(f"the tag {seen['tag']} is not the topic {post['topic']}")
        self.say(f"{'no page of the club open: ' if closed else ''}the box pushed {took:.1f} s after the text "
                 f"({len(post['body'])} bytes, urgency {post['urgency']}); the browser shows “{seen['title']}”, no customer's word in it")
        self.popup = until("the browser's own window with it", lambda: next((p for p in self.browser.chrome(POPUPS) if p[0] == seen["title"]), None))
        self.keeps_private("the window", "".join(self.popup))
        rings = until("the staff page rings", lambda: (r := self.rings())["red"] and r["chip"] and r)
        self.picture(f"ring-{seen['tag']}")
        until("it beeps", lambda: self.rings()["beeps"] > rings["beeps"])
        self.say(f"the staff page rings: red head, title “{rings['title']}”, and it beeps")
        call = until("the call in Slack with its buttons", lambda: next((c for c in self.calls() if c["buttons"]), None))
        self.keeps_private("Slack", call["text"])
        self.picture(f"slack-{seen['tag']}")
        self.say(f"Slack shows “{call['text'].splitlines()[0]}” with {len(call['buttons'])} buttons")
        return seen

    def is_silent(self, seen, who):
        done = until("the notification is replaced without a sound",
                     lambda: self.notification(lambda n: n["tag"] == seen["tag"] and n["silent"]))
        if who not in done["title"] or done["stays"]:
            raise Failed(f"the notification says {done}")
        many = [n for n in self.shown() if n["tag"] == seen["tag"]]
        if len(many) != 1:
            raise Failed(f"{len(many)} notifications for one matter")
        self.keeps_private("the notification", done["title"] + done["body"])
        self.say(f"the notification is replaced, silently, by “{done['title']}”")
        until("the staff page is quiet", lambda: not (r := self.rings())["red"] and not r["chip"])
        beeps = self.rings()["beeps"]
        end = time.monotonic() + 5  # it beeps every four
        while time.monotonic() < end:
            if self.rings()["beeps"] > beeps:
                raise Failed("the staff page still beeps")
            time.sleep(0.5)
        self.say("the staff page is quiet: head, title and sound")
        until("Slack takes its buttons away", lambda: not any(c["buttons"] for c in self.calls()))
        self.say("Slack has no button left to press")

    def click(self, seen):
        """A click on the notification leads to the conversation."""
        b = self.browser
        b.chrome(CLICK_POPUP % json.dumps(seen["title"]))

        def there():
            for tab in b.tabs():
                b.go(tab)
                if b.url() == self.club.url + seen["url"]:
                    return tab
            return None

        tab = until(f"a page at {seen['url']}", there)
        until("the conversation", lambda: b.script("return document.querySelector('#conv-head h1') !== null"))
        words = b.script("return document.getElementById('stream').innerText")
        if PRIVATE[0] not in words:
            raise Failed("the conversation does not hold the customer's words")
        self.picture("clicked")
        self.staff = self.staff if tab in (self.slack, self.phone) else tab
        for place, path in ((self.slack, "/demo/slack"), (self.staff, "/")):
            self.at(place, lambda path=path: b.open(self.club.url + path))
        self.say(f"a click on the notification opens the conversation ({seen['url']}), where the customer's words are")

    def acknowledge_in_slack(self):
        self.browser.go(self.slack)
        self.browser.click("form:has(input[name=person][value=dana]):has(input[value=clubos_acknowledge]) button")
        self.say("dana presses Acknowledge in Slack")

    def acknowledge_on_page(self):
        self.browser.go(self.staff)
        self.browser.click("#escalations form[action$='/ack'] button")
        until("the page again", lambda: self.browser.script("return document.readyState === 'complete'"))
        self.say("sam presses Acknowledge on the staff page")

    def moved(self):
        """The vendor moves its users: the browser finds its subscription void and sets up another by itself."""
        old = set(self.push.channels)
        self.push.forget_the_browser()
        until("the browser registers again by itself", lambda: set(self.push.channels) - old, 60)
        count = len(self.push.posts)

        def reached():
            self.browser.go(self.phone)
            self.browser.open(self.club.url + "/channels")
            self.browser.click("form[action='/channels/push/test'] button")
            return len(self.push.posts) > count

        until("the box pushes to the new subscription", reached)
        self.say("the push service forgot the browser: it registered anew, told the box, and rings again")

    def gone(self):
        """The push service says 410: the box forgets that browser, and the next look at the page mends it."""
        self.push.forget_all()
        b = self.browser
        b.go(self.phone)
        b.open(self.club.url + "/channels")
        b.click("form[action='/channels/push/test'] button")
        says = until("what the page says of a browser that is gone",
                     lambda: b.script("return document.querySelector('[role=alert]')?.innerText"))
        self.picture("channels-gone")
        count = len(self.push.posts)
        b.open(self.club.url + "/channels")
        until("the page sets the browser up anew", lambda: self.push.channels)
        until("it says so", lambda: "rings for you" in b.script("return document.getElementById('ring-says').innerText"))
        b.click("form[action='/channels/push/test'] button")
        until("the test arrives", lambda: len(self.push.posts) > count)
        self.say(f"the endpoint is gone (410): “{says}” Opening the page mends it: the next test arrives")

    def switch_off(self):
        b = self.browser
        b.go(self.phone)
        b.open(self.club.url + "/channels")
        until("the switch", lambda: b.script("return !document.getElementById('ring-off').hidden"))
        b.click("#ring-off")
        until("no subscription is left", lambda: not self.push.channels)
        self.say("“Do not ring me here” takes the subscription away, in the box and at the push service")

    def all(self):
        self.sign_in()
        self.switch_on()
        self.test_button()
        seen = self.ring(ALEX, "the licence expired on bay 2, greetings from the zebra with the umbrella")
        self.acknowledge_in_slack()
        self.is_silent(seen, "dana")
        seen = self.ring(KIM, "someone collapsed next to the zebra umbrella, he is not breathing", closed=True)
        self.click(seen)
        self.acknowledge_on_page()
        self.is_silent(seen, "sam")
        self.moved()
        self.gone()
        self.switch_off()
        if self.push.refused:
            raise Failed(f"the push service refused: {self.push.refused}")
        self.say("the push service found nothing wrong with any request (RFC 8030, 8292)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, default=ROOT / "target/release/clubos", help="the built program")
    parser.add_argument("--pictures", type=Path, help="where to put pictures of the pages")
    parser.add_argument("--keep", type=Path, help="work in this folder, and leave it")
    args = parser.parse_args()
    if args.pictures:
        args.pictures.mkdir(parents=True, exist_ok=True)
    if args.keep:
        args.keep.mkdir(parents=True)
        return work(args, args.keep)
    with tempfile.TemporaryDirectory(prefix="clubos-browser-", ignore_cleanup_errors=True) as folder:
        return work(args, Path(folder))


def work(args, folder):
    push = PushServer()
    club = browser = None
    start = time.monotonic()
    try:
        club = Club(args.program.resolve(), folder, ROOT)
        club.until_ready()
        browser = Firefox(folder, f"ws://127.0.0.1:{push.port}/")
        run = Run(club, push, browser, args.pictures)
        try:
            run.all()
        except (Failed, Refused) as why:
            print(f"FAILED after step {run.number}: {why}")
            for what, seen in (("refused", push.refused), ("pushes", len(push.posts)), ("acks", push.acks)):
                print(f"  {what}: {seen}")
            run.picture("failed")
            return 1
        print(f"PASSED: {run.number} steps in {time.monotonic() - start:.0f} s")
        return 0
    finally:
        if browser:
            browser.stop()
        if club:
            club.stop()


if __name__ == "__main__":
    sys.exit(main())
