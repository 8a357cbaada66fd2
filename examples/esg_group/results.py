"""Runs the examples that the group consists of, and packs their results into results/."""

import lzma
import tempfile
from pathlib import Path

from tonne.engine.result.files import write_result
from tonne.engine.run import run

HERE = Path(__file__).resolve().parent
NAMES = ("offshore_wind", "coal_mine_methane", "waste_heat_power", "motor_retrofit", "heat_pump", "solar_thermal")


def main() -> None:
    """Write results/NAME.json.xz for each project."""
    (HERE / "results").mkdir(exist_ok=True)
    for name in NAMES:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "result.json"
            write_result(run(HERE.parent / name), path)
            (HERE / "results" / f"{name}.json.xz").write_bytes(lzma.compress(path.read_bytes()))
        print(name)


if __name__ == "__main__":
    main()
