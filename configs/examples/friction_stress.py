"""A validator: friction stress of fcc solid solutions at 20 °C, from misfit of atomic sizes, in the reduced theory of
Varvenne, Luque & Curtin, Acta Materialia 118 (2016) 164. An estimate: right in order, within a factor of two in level.
Where the design has a grain size, its yield strength too: the slope is that of Al0.1CoCrFeNi, Yang et al., J. Alloys
Compd. 795 (2019) 269.

Radii (pm): Miracle & Senkov, Acta Materialia 122 (2017) 448. Moduli (GPa) and Poisson ratios: pymatgen's periodic
table; of Mn, fcc by DFT, Chong et al., J. Phys.: Condens. Matter 33 (2021).
"""

import json
import math
import sys

RADIUS = {"Co": 125, "Cr": 130, "Fe": 125, "Mn": 132, "Ni": 126}
SHEAR = {"Co": 75, "Cr": 115, "Fe": 82, "Mn": 78.6, "Ni": 76}
POISSON = {"Co": 0.31, "Cr": 0.21, "Fe": 0.29, "Mn": 0.341, "Ni": 0.31}
ALPHA, F1, F2 = 0.123, 0.35, 5.70  # line tension and the minimised core of the dislocation, ibid.
HALL_PETCH = 464  # MPa um^0.5
BOLTZMANN, TEMPERATURE, RATE = 1.380649e-23, 293.15, 1e-3


def friction_stress(amounts: dict[str, float]) -> float:
    """MPa, of a polycrystal (Taylor factor 3.06)."""

    def mean(numbers: dict[str, float]) -> float:
        return sum(fraction * numbers[symbol] for symbol, fraction in amounts.items())

    shear, poisson, radius = 1e9 * mean(SHEAR), mean(POISSON), mean(RADIUS)
    burgers = 2e-12 * radius
    volume = burgers**3 / math.sqrt(2)
    misfit = sum(c * (3 * volume * (RADIUS[s] / radius - 1)) ** 2 for s, c in amounts.items()) / burgers**6
    if misfit == 0:
        return 0.0
    elastic = (1 + poisson) / (1 - poisson)
    zero = 0.051 * ALPHA ** (-1 / 3) * shear * elastic ** (4 / 3) * F1 * misfit ** (2 / 3)
    barrier = 0.274 * ALPHA ** (1 / 3) * shear * burgers**3 * elastic ** (2 / 3) * F2 * misfit ** (1 / 3)
    thermal = BOLTZMANN * TEMPERATURE / barrier * math.log(1e4 / RATE)
    return 3.06e-6 * zero * max(1 - thermal ** (2 / 3), 0.0)


if __name__ == "__main__":
    request = json.load(sys.stdin)
    verdict = {name: request[name] for name in ("protocol", "key", "nonce")}
    unknown = sorted(set(request["composition"]) - set(RADIUS))
    if unknown:
        verdict["failure"] = {"class": "physics", "message": f"no radius of {', '.join(unknown)}"}
    else:
        stress = friction_stress(request["composition"])
        answers = {"friction_stress": stress}
        if "grain_size" in request.get("variables", {}):
            answers["strength"] = stress + HALL_PETCH / math.sqrt(request["variables"]["grain_size"])
        asked = [name for name in request["properties"] if name in answers]
        verdict["properties"] = {name: {"value": answers[name], "unit": "MPa"} for name in asked}
    json.dump(verdict, sys.stdout)
