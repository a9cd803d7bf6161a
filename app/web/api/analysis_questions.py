"""What can be asked to be computed, as the body of a request has it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from analysis.bootstraps import IntervalKind
from analysis.degrees import MissingDegree
from app.domain.analyses.rules import MOST_REPLICATES, MOST_WEEKS, AnalysisKind, Parameter
from app.web.api.chain_summary import PopulationSize
from app.web.api.estimates import BootstrapName
from app.web.figures import forecasts
from app.web.figures.estimates import REPLICATES, SEED, Question

EstimatorName = Literal["rds_i", "rds_ii", "gile_ss"]
# Beyond what any programme gives out in a week.
MOST_OF_A_WEEK = 500

Seed = Annotated[int, Field(ge=0, le=2**53, description="the same seed gives the same figures")]
Count = Annotated[int | None, Field(ge=0, le=MOST_OF_A_WEEK)]


class EstimateParameters(BaseModel):
    """The share of women in the population, with its interval."""

    model_config = ConfigDict(extra="forbid")

    trait: Annotated[Literal["sex"], Field(description="women and others, as on the pages")] = "sex"
    estimator: EstimatorName = "rds_ii"
    bootstrap: Annotated[
        BootstrapName | None, Field(description="the estimator's own by default")
    ] = None
    replicates: Annotated[int, Field(ge=2, le=MOST_REPLICATES)] = REPLICATES[0]
    population_size: PopulationSize = None
    interval: Annotated[
        IntervalKind | None, Field(description="as the bootstrap's authors do by default")
    ] = None
    missing_degree: Annotated[
        MissingDegree, Field(description="what stands for a network size that is not known")
    ] = "drop"
    with_seeds: Annotated[bool, Field(description="whether seeds count among the people")] = True
    seed: Seed = SEED

    @property
    def question(self) -> Question:
        return Question(
            bootstrap=self.bootstrap or "",
            replicates=self.replicates,
            population_size=self.population_size,
            with_seeds=self.with_seeds,
        )

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Of a run. Where the page asks the same, it is the same run: what is usual there is left out here."""
        rare: dict[str, Parameter] = {}
        if self.interval is not None:
            rare["interval"] = self.interval
        if self.missing_degree != "drop":
            rare["missing_degree"] = self.missing_degree
        return {**self.question.parameters(self.estimator), "seed": self.seed, **rare}


class ForecastParameters(BaseModel):
    """What recruitment brings if it goes on, and if something is changed. Null: as the programme has it."""

    model_config = ConfigDict(extra="forbid")

    weeks: Annotated[int, Field(ge=1, le=260, description="how far to look")] = forecasts.HORIZONS[
        1
    ]
    replicates: Annotated[int, Field(ge=2, le=MOST_REPLICATES, description="futures drawn")] = (
        forecasts.REPLICATES
    )
    seed: Seed = forecasts.SEED
    target: Annotated[int | None, Field(ge=1, le=10**6, description="people in all")] = None
    coupons: Annotated[int | None, Field(ge=0, le=20, description="in a bundle")] = None
    seeds_female: Annotated[Count, Field(description="new seeds a week who are women")] = None
    seeds_male: Annotated[Count, Field(description="new seeds a week who are men")] = None
    change_from_week: Annotated[int, Field(ge=1, le=260, description="counted from 1")] = 1
    change_coupons: Annotated[int | None, Field(ge=0, le=20, description="in a bundle")] = None
    change_seeds_female: Annotated[Count, Field(description="new seeds a week who are women")] = (
        None
    )
    change_seeds_male: Annotated[Count, Field(description="new seeds a week who are men")] = None
    change_odds_female: Annotated[
        float | None,
        Field(ge=0, le=100, description="factor on the odds that a recruit is a woman"),
    ] = None
    change_reward_female: Annotated[
        int | None,
        Field(ge=0, le=10**9, description="more for each woman recruited, in minor units"),
    ] = None

    @model_validator(mode="after")
    def _fits(self) -> "ForecastParameters":
        if self.weeks * self.replicates > MOST_WEEKS:
            raise ValueError(f"weeks times replicates must be at most {MOST_WEEKS}")
        return self

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Of a run. Where the page asks the same, it is the same run: what is usual there is left out here."""
        rare = ("target", "coupons", "seeds_female", "seeds_male")
        told: dict[str, Parameter] = self.model_dump()
        return {key: each for key, each in told.items() if key not in rare or each is not None}


class EstimateAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal[AnalysisKind.ESTIMATE]
    parameters: EstimateParameters = Field(default_factory=EstimateParameters)


class ForecastAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal[AnalysisKind.FORECAST]
    parameters: ForecastParameters = Field(default_factory=ForecastParameters)


Asked = Annotated[EstimateAsked | ForecastAsked, Field(discriminator="kind")]
