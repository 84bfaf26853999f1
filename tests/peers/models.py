#!/usr/bin/env python3
"""Trains models with LightGBM and XGBoost and lets our evaluator repeat their margins, bit by bit.

    tests/peers/models.py BINARY [DIRECTORY]

BINARY is the example `margins` of the crate `risk`
(cargo build --release -p risk --features import --example margins).
Needs numpy, lightgbm and xgboost. Ends with 1 where a margin of 10,000 rows differs in any bit, or where
a damaged model is taken.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import lightgbm
import numpy
import xgboost

ROWS = 10_000
FEATURES = 30


def world(seed):
    """Rows of every kind of number: money, counts, shares, zeros, nothing, tiny and huge."""
    dice = numpy.random.default_rng(seed)
    rows = dice.normal(size=(3 * ROWS, FEATURES))
    rows[:, 0] = numpy.round(numpy.exp(rows[:, 0] * 2 + 5), 2)
    rows[:, 1:5] = dice.integers(0, 40, size=(len(rows), 4))
    rows[:, 5:8] = dice.random((len(rows), 3)) * (dice.random((len(rows), 3)) < 0.1)
    rows[:, 8] *= 1e-36
    rows[:, 9] *= 1e30
    rows[dice.random(rows.shape) < 0.07] = numpy.nan
    rows[dice.random(rows.shape) < 0.05] = 0.0
    rows[dice.random(rows.shape) < 0.01] = -0.0
    filled = numpy.nan_to_num(rows)
    margin = (filled[:, 0] > 220) * 2.0 + filled[:, 5] * 4 - (filled[:, 1] > 9) + filled[:, 10] - 3
    labels = (dice.random(len(rows)) < 1 / (1 + numpy.exp(-margin))).astype(int)
    return rows, labels


def main():
    binary = sys.argv[1]
    directory = Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp())
    directory.mkdir(parents=True, exist_ok=True)
    names = ",".join(f"f{at}" for at in range(FEATURES))
    rows, labels = world(7)
    train, test = slice(0, 2 * ROWS), slice(2 * ROWS, 3 * ROWS)
    held = directory / "rows.f64"
    held.write_bytes(rows[test].astype("<f8").tobytes())
    bad = 0

    def compare(kind, name, model, margins):
        nonlocal bad
        wanted = directory / f"{name}.margins"
        wanted.write_bytes(margins.tobytes())
        print(f"{name}: ", end="", flush=True)
        bad += subprocess.run([binary, kind, str(model), names, str(held), str(wanted)]).returncode != 0
        text = model.read_text()
        for damage, torn in [
            ("cut in the middle", text[: len(text) // 2]),
            ("another schema", text.replace("f3", "g3")),
            ("empty", ""),
        ]:
            model.with_suffix(".torn").write_text(torn)
            asked = [binary, kind, str(model.with_suffix(".torn")), names, str(held), str(wanted)]
            told = subprocess.run(asked, capture_output=True, text=True)
            if told.returncode == 0 or "refused" not in told.stdout:
                print(f"  {damage}: TAKEN")
                bad += 1
            else:
                print(f"  {damage}: {told.stdout.strip()}")

    columns = names.split(",")
    recipes = {
        "plain": {},
        "zero_as_missing": {"zero_as_missing": True},
        "no_missing": {"use_missing": False},
        "leaves_63": {"num_leaves": 63, "learning_rate": 0.05, "max_bin": 4095},
    }
    for name, extra in recipes.items():
        data = lightgbm.Dataset(rows[train], labels[train], feature_name=columns)
        options = {"objective": "binary", "num_leaves": 31, "verbose": -1, "num_threads": 1, "seed": 3, **extra}
        booster = lightgbm.train(options, data, 200)
        model = directory / f"lightgbm_{name}.txt"
        booster.save_model(str(model))
        compare("lightgbm", model.stem, model, booster.predict(rows[test], raw_score=True).astype("<f8"))

    def refused(kind, name, model):
        nonlocal bad
        told = subprocess.run([binary, kind, str(model), names, str(held), str(held)], capture_output=True, text=True)
        good = told.returncode != 0 and told.stdout.startswith("refused: ")
        bad += not good
        print(f"{name}: {told.stdout.strip() if good else 'TAKEN'}")

    short = slice(0, 2_000)
    for name, extra in {
        "averaged": {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
        "categorical": {"categorical_feature": [1, 2]},
        "linear": {"linear_tree": True},
        "classes": {"objective": "multiclass", "num_class": 2},
    }.items():
        data = lightgbm.Dataset(rows[short], labels[short], feature_name=columns)
        options = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_per_group": 5, **extra}
        model = directory / f"lightgbm_{name}.txt"
        lightgbm.train(options, data, 3).save_model(str(model))
        refused("lightgbm", model.stem, model)
    for name, extra in {
        "dart": {"booster": "dart"},
        "linear": {"booster": "gblinear"},
        "classes": {"objective": "multi:softprob", "num_class": 2},
    }.items():
        data = xgboost.DMatrix(rows[short], labels[short], feature_names=columns)
        model = directory / f"xgboost_{name}.json"
        xgboost.train({"objective": "binary:logistic", "nthread": 1, **extra}, data, 3).save_model(str(model))
        refused("xgboost", model.stem, model)

    recipes = {
        "hist": {"tree_method": "hist", "max_depth": 6},
        "exact": {"tree_method": "exact", "max_depth": 3},
        "parallel": {"tree_method": "hist", "max_depth": 4, "num_parallel_tree": 3, "subsample": 0.5},
        "based": {"tree_method": "hist", "max_depth": 4, "base_score": 0.137},
    }
    for name, extra in recipes.items():
        data = xgboost.DMatrix(rows[train], labels[train], feature_names=columns)
        booster = xgboost.train({"objective": "binary:logistic", "nthread": 1, "seed": 3, **extra}, data, 200)
        model = directory / f"xgboost_{name}.json"
        booster.save_model(str(model))
        asked = xgboost.DMatrix(rows[test], feature_names=columns)
        compare("xgboost", model.stem, model, booster.predict(asked, output_margin=True).astype("<f4"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
