"""A validator: hardness of a low-alloy steel after quenching and tempering, and how much of it was martensite.

Regressions of Maynier, Dollet & Bastien, in: Hardenability Concepts with Applications to Steel (AIME, 1978), 518; the
coefficients were read from a public implementation, not from the paper. Contents are in wt.%. An estimate, within some
30 HV where the regressions were made: below 0.5 % C, 5 % Ni, 3 % Cr and 1 % Mo.
"""

import json
import math
import sys

MASS = {"C": 12.011, "Cr": 51.996, "Fe": 55.845, "Mn": 54.938, "Mo": 95.95, "Ni": 58.693, "Si": 28.085}
COOLING = {"air": 3.0e3, "oil": 6.0e4, "water": 3.0e5}  # degC/h at 700 degC, of a bar of some 30 mm; put yours
ENERGY, GAS = 418_000.0, 8.314  # J/mol, J/(mol K)

# Of C, Si, Mn, Ni, Cr, Mo, after a constant.
ALL_MARTENSITE, HALF_MARTENSITE = (9.81, 4.62, 0, 1.05, 0.54, 0.50, 0.66), (8.50, 4.12, 0, 0.86, 0.57, 0.41, 0.94)
MARTENSITE, MARTENSITE_BY_TIME = (-74, -434, -368, 15, 37, 17, -335), (260, 616, 321, 21, -35, -11, 352)
BAINITE, BAINITE_BY_TIME = (262, 163, -349, -64, -6, -186, -458), (-149, 43, 336, 79, 16, 196, 498)


def sum_of(numbers, contents, sign=1):
    """A constant and a sum over the contents in wt.%."""
    pairs = zip("C Si Mn Ni Cr Mo".split(), numbers[1:], strict=True)
    return numbers[0] + sign * sum(number * contents.get(symbol, 0.0) for symbol, number in pairs)


def equivalent(celsius, hours):
    """Temperature in K that does in one hour what this does in its time."""
    return 1 / (1 / (celsius + 273.15) - GAS / ENERGY * math.log(hours))


def martensite_share(contents, rate, celsius):
    """Share of martensite after cooling at a rate, half an hour at the austenitising temperature."""
    before = equivalent(celsius, 0.5)
    whole = sum_of(ALL_MARTENSITE, contents, -1) - 0.00183 * before
    half = sum_of(HALF_MARTENSITE, contents, -1) - 0.0012 * before
    share = 0.5 + 0.5 * (math.log10(rate) - half) / max(whole - half, 1e-6)
    return min(max(share, 0.0), 1.0)


def hardness(contents, variables):
    """HV, and the share of martensite."""
    rate = COOLING[variables["medium"] if variables["route"] == "quenched" else "air"]
    share = martensite_share(contents, rate, variables["austenitise"])
    done = 1000 / equivalent(variables["temper_temperature"], variables["temper_time"])
    hard = sum_of(MARTENSITE, contents) + done * sum_of(MARTENSITE_BY_TIME, contents)
    soft = sum_of(BAINITE, contents) + done * sum_of(BAINITE_BY_TIME, contents)
    return max(share * hard + (1 - share) * soft, 80.0), share


if __name__ == "__main__":
    request = json.load(sys.stdin)
    verdict = {name: request[name] for name in ("protocol", "key", "nonce")}
    unknown = sorted(set(request["composition"]) - set(MASS))
    if unknown:
        verdict["failure"] = {"class": "physics", "message": f"no coefficient of {', '.join(unknown)}"}
    else:
        weights = {symbol: fraction * MASS[symbol] for symbol, fraction in request["composition"].items()}
        contents = {symbol: 100 * weight / sum(weights.values()) for symbol, weight in weights.items()}
        value, share = hardness(contents, request["variables"])
        verdict["properties"] = {
            "own_hardness": {"value": value, "unit": "HV"},
            "martensite": {"value": share, "unit": "1"},
        }
    json.dump(verdict, sys.stdout)
