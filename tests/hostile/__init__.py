"""What an attacker, a broken disk or a bad day would try, in numbers: `make hostile`."""
