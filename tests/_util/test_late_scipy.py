"""SciPy's parts load when they are used, and give what they always gave."""

from __future__ import annotations

import subprocess
import sys

PUT_OFF = """
import sys
from dwlab._util.late_scipy import put_off
put_off()
def is_loaded(name):
    return any(each.startswith(name + ".") for each in sys.modules)
"""


def lines(code):
    process = [sys.executable, "-c", PUT_OFF + code]
    return subprocess.run(process, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_part_loads_with_the_first_name_that_is_asked_of_it():
    code = """
import scipy.stats, inspect
from scipy import integrate
inspect.getmodule(inspect.currentframe())
print(is_loaded("scipy.stats"), is_loaded("scipy.integrate"))
print(round(scipy.stats.beta.ppf(0.5, 0.6, 0.6), 6), is_loaded("scipy.stats"))
print(integrate.quad(lambda x: 2 * x, 0, 3)[0], scipy.stats is sys.modules["scipy.stats"])
"""
    assert lines(code) == ["False False", "0.5 True", "9.0 True"]


def test_a_function_that_is_imported_by_its_name_loads_its_part_when_it_is_called():
    code = """
from scipy.optimize import linear_sum_assignment
print(is_loaded("scipy.optimize"))
print(*[each.tolist() for each in linear_sum_assignment([[3, 1], [1, 3]])], sep="")
from scipy.optimize import minimize_scalar
print(round(minimize_scalar(lambda x: (x - 2) ** 2).x, 6))
"""
    assert lines(code) == ["False", "[0, 1][1, 0]", "2.0"]


def test_a_module_of_a_part_can_be_imported_first():
    code = """
from scipy.stats.distributions import norm
import scipy.optimize.linesearch
import scipy.stats
print(norm.cdf(0), scipy.stats.norm.cdf(0), scipy.optimize.brentq(lambda x: x, -1, 2))
"""
    assert lines(code) == ["0.5 0.5 0.0"]


def test_a_part_that_is_loaded_stays():
    code = """
import scipy.stats
norm = scipy.stats.norm
put_off()
print(scipy.stats.norm is norm, sys.modules["scipy.stats"].norm is norm)
"""
    assert lines(code) == ["True True"]
