"""How often pictures that are drawn packed wait for a GPU, as a table: by a double of one, with tiny models.

    PYTHONPATH=tests python tests/table_of_waits.py

The last column says how often they would wait if dwlab knew no values beforehand.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import packed_cases
from tabulate import tabulate
from waits_on_a_gpu import counted

from dwlab.spec import tasks

WORDS = {
    tasks.TEXT: "text",
    tasks.IMAGE: "picture",
    tasks.INPAINTING: "mask",
    "control": "ControlNet",
    "ip_adapter": "IP-Adapter",
}
# of models that are forms of a family
FAMILIES = {
    "sd_nine": "sd", "pix2pix": "sd", "sdxl_nine": "sdxl", "sdxl union": "sdxl", "refiner": "sdxl", "two_stages": "sdxl",
    "sd3_sixteen": "sd3", "flux_kontext": "flux", "kontext": "flux", "kontext_inpainting": "flux", "fill": "flux",
    "control": "flux", "flux union": "flux", "pixart_alpha": "pixart", "qwen": "qwen_image", "qwen_edit": "qwen_image",
    "qwen_edit_plus": "qwen_image",
}  # fmt: skip


def family_of(drawing):
    """The row of a case."""
    kind, _, model = drawing.partition(" ")
    if kind == "recipe":
        return "shapes, with accelerators, probes, weighted and long prompts"
    return FAMILIES.get(model or kind, model or kind)


def main():
    rows = defaultdict(Counter)
    for names in packed_cases.names().values():
        for name in names:
            drawing = name.partition("@")[0]
            kind = drawing.partition(" ")[0]
            count = counted(name, beside_reading=True)
            row = rows[family_of(drawing)]
            row[WORDS[kind] if kind in WORDS else WORDS[count["task"]]] += count["pictures"]
            row["waits"] += sum(count["waits"].values())
            row["if all were read"] += count["read"]
    columns = [*WORDS.values(), "waits", "if all were read"]
    always = ("waits", "if all were read")
    table = [
        [name, *(row[column] if row[column] or column in always else "" for column in columns)]
        for name, row in rows.items()
    ]
    print(tabulate(table, headers=["pictures from", *columns], tablefmt="github"))


if __name__ == "__main__":
    main()
