"""How often pictures that are drawn packed wait for a GPU, as a table: by a double of one.

    PYTHONPATH=tests python tests/table_of_waits.py

In brackets how often they would wait if dwlab knew no values beforehand.
"""

from __future__ import annotations

import packed_cases
from tabulate import tabulate
from waits_on_a_gpu import counted

from dwlab.spec import tasks

TASKS = (tasks.TEXT, tasks.IMAGE, tasks.INPAINTING)


def main():
    rows = {}
    for names in packed_cases.names().values():
        for name in names:
            count = counted(name, beside_reading=True)
            drawing, _, _ = name.partition("@")
            told = f"{sum(count['waits'].values())} ({count['read']}) of {count['pictures']}"
            rows.setdefault(drawing, {})[count["task"]] = told
    table = [[name, *(row.get(task, "") for task in TASKS)] for name, row in rows.items()]
    print(tabulate(table, headers=["waits of pictures", *TASKS], tablefmt="github"))


if __name__ == "__main__":
    main()
