"""Our attributes beside a table of others."""

import csv
from pathlib import Path

import pytest

from daw_bridge.errors import UsageError
from daw_models.art.agreement import agreement
from daw_models.art.attributes import ATTRIBUTES, measure
from tests.art.art_builders import some_pictures, write_archive


def test_what_was_measured_agrees_with_itself_and_a_shift_is_seen(tmp_path: Path) -> None:
    pictures = some_pictures(tmp_path, 3)
    table = tmp_path / "table.csv"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file", *ATTRIBUTES])
        writer.writeheader()
        for name, pixels in zip(pictures.names, pictures.pixels, strict=True):
            found = measure(pixels)
            writer.writerow(
                {"file": name, **found, "warmth": found["warmth"] + 0.125, "hue": (found["hue"] + 350) % 360}
            )
    report = agreement(table, [tmp_path / "some.tar"])
    assert report["brightness"] == {"spearman": 1.0, "mean_off": 0.0, "most_off": 0.0}
    assert report["warmth"]["mean_off"] == pytest.approx(0.125, abs=1e-3)
    assert report["hue"]["most_off"] == pytest.approx(10, abs=0.01)


def test_a_table_of_other_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("file," + ",".join(ATTRIBUTES) + "\nelse.jpg" + ",0" * len(ATTRIBUTES) + "\n")
    with pytest.raises(UsageError, match="names none"):
        agreement(tmp_path / "table.csv", [write_archive(tmp_path / "a.tar", 1)])
