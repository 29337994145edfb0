"""What a run is asked to do, validated in one place for the command line, files and Python."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mmbench.errors import UsageError, unknown

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["RunOptions", "read_options"]

Positive = Annotated[int, Field(ge=1)]
Coefficient = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class RunOptions(BaseModel):
    """The options of `mmbench run` and `mmbench.run`.

    Attributes:
        all: every fusion and every weighting on every embedded dataset.
        suite: a setting of use, with its datasets, encoders, fusions and weightings, and the controls; what is
            given besides wins, and `datasets` chooses among its own.
        fusions: spellings of fusions; likewise `datasets`, `weightings`.
        encoders: `modality=encoder`.
        objective: the terms of the joint loss; None chooses by what else is asked for.
        alignments: the cross-modal losses of the objective's `align` terms, one a job.
        samplers: spellings of rules for which training samples an epoch visits, one a job.
        lambdas: modality (or `joint`) -> λ.
        ws: `i->j` -> w_ij.
        grid: the full product of the chosen fusions and weightings, or of all, with what each is compared to.
        match_params: bring every model to this number of parameters, or to that of this fusion.
        controls: add the controls and the A/A arm; None: with `all` or `grid`.
        seeds: number of seeds, None for the budget's.
        trials: hyperparameter settings a job tries, None for the budget's; likewise `epochs`.
        precision: what models train in: `float32`, or `bfloat16` or `float16` by autocast.
        mode: `compiled` runs models through `torch.compile`.
        jobs: processes side by side, None for one per core.
        out: the results folder.
        fresh: forget what the folder holds and run everything.
        retry_failed: run failed jobs again.
        timeout: seconds a job may take.
        fail_fast: stop at the first failure.
        latency: measure latency after training.

    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    all: bool = False
    suite: str | None = None
    fusions: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    weightings: tuple[str, ...] = ()
    encoders: tuple[str, ...] = ()
    objective: Literal["joint", "joint+uni", "joint+uni+align"] | None = None
    alignments: tuple[str, ...] = ()
    samplers: tuple[str, ...] = ()
    lambdas: dict[str, Coefficient] = Field(default_factory=dict)
    ws: dict[str, Coefficient] = Field(default_factory=dict)
    grid: bool = False
    match_params: str | None = None
    controls: bool | None = None
    seeds: Positive | None = None
    trials: Positive | None = None
    epochs: Positive | None = None
    budget: Literal["quick", "standard", "full"] = "quick"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    mode: Literal["eager", "compiled"] = "eager"
    jobs: Positive | None = None
    out: Path = Path("mmbench-results")
    fresh: bool = False
    retry_failed: bool = False
    timeout: Seconds | None = None
    fail_fast: bool = False
    latency: bool = True


def read_options(config: Path | None, given: dict[str, Any]) -> RunOptions:
    """Validate options; what is given wins over the TOML file `config`.

    Raises:
        UsageError: if the file cannot be read or an option is wrong.

    """
    settings = _read_toml(config) if config else {}
    for what, names in ((f"option in {config}:", settings), ("option", given)):
        for name in names:
            if name not in RunOptions.model_fields:
                raise unknown(what, name, RunOptions.model_fields)
    try:
        return RunOptions.model_validate({**settings, **given})
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}, found {problem['input']!r}"
            for problem in error.errors()
        )
        raise UsageError(f"Wrong options: {problems}.") from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"Expected a readable TOML file. Found {path}: {error.strerror}."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"Expected TOML in {path}. Found: {error}.") from None
    return settings
