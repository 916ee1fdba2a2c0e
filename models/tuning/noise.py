"""Makes a text look as if it had been typed on a phone in a hurry. Seeded by the caller."""

import re

SHORT = {
    "you": "u", "your": "ur", "are": "r", "please": "pls", "thanks": "thx", "what": "wat",
    "because": "cuz", "about": "abt", "before": "b4", "know": "kno", "and": "n", "with": "w",
    "people": "ppl", "tonight": "2nite", "today": "2day", "minutes": "mins", "hours": "hrs",
    "number": "num", "message": "msg", "why": "y", "see": "c", "can't": "cant", "don't": "dont",
    "won't": "wont", "just": "jus", "that": "dat", "right": "rite", "okay": "k", "for": "4",
    "could": "cud", "would": "wud", "booking": "bkg", "going": "goin", "working": "workin",
}
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
NEAR = {
    letter: row[max(0, at - 1) : at] + row[at + 1 : at + 2]
    for row in KEYS
    for at, letter in enumerate(row)
}
BEFORE = ("hey ", "hi ", "um ", "ok so ", "sorry ", "quick one ")
AFTER = (" thx", " pls", "!!", "??", " ty", " asap")


def rough(text, rng):
    """One noisy copy: short forms, lost punctuation, slips, a greeting or a closing word."""
    text = text.lower()
    if rng.random() < 0.6:
        text = " ".join(SHORT[w] if w in SHORT and rng.random() < 0.6 else w for w in text.split())
    else:
        text = re.sub(r"[^\w\s]", "", text)
    text = slips(text, rng.choice((0, 0.03, 0.05, 0.08)), rng)
    if rng.random() < 0.2:
        text = rng.choice(BEFORE) + text
    if rng.random() < 0.2:
        text += rng.choice(AFTER)
    return " ".join(text.split())


def slips(text, share, rng):
    """Drops, swaps, doubles or mistypes about `share` (0..1) of the letters."""
    out, at = [], 0
    while at < len(text):
        letter = text[at]
        at += 1
        if letter not in NEAR or rng.random() >= share:
            out.append(letter)
            continue
        kind = rng.randrange(4)
        if kind == 0 and at < len(text) and text[at] != " ":
            out += [text[at], letter]
            at += 1
        elif kind == 1:
            out += [letter, letter]
        elif kind == 2:
            out.append(rng.choice(NEAR[letter]))
    return "".join(out)
