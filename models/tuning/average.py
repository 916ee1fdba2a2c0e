"""Weights half-way between the published ones and the tuned ones: what was tuned for is kept, and what was
known before is not lost (WiSE-FT, Wortsman et al. 2022).

usage: average.py BASE TUNED OUTPUT
"""

import sys

import net

SHARE = 0.5

if __name__ == "__main__":
    base, tuned, output = sys.argv[1:]
    net.save(net.mix(net.load(base), net.load(tuned), SHARE), output)
