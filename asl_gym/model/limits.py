"""The range of every figure of a scenario, and why it ends where it does.

Each range is far wider than anything built or planned, and narrow enough that no delay, energy,
queue or reward of any scenario leaves the range of float64, whatever the others are: at the
corners of all ranges together delays lie within 1e-24…1e53 s a round, energies within 1e-77…1e68 J,
and the squares of a million rounds' energy times the weights of budgets stay below 1e300.
"""

from asl_gym.validation.checks import Bounds

__all__ = [
    "BANDWIDTH",
    "BITS",
    "BUDGET_ENERGY",
    "BYTES",
    "CAPACITANCE",
    "CAPACITY",
    "CLOCK",
    "CLOCK_FRACTION",
    "DECIBEL",
    "DISTANCE",
    "FLOPS",
    "FLOPS_PER_CYCLE",
    "FRACTION",
    "HARVEST",
    "KNOB",
    "LEAST_FIGURE",
    "LEAST_TOTAL_FLOPS",
    "MAX_DEVICES",
    "MAX_DEVICE_OPTIONS",
    "MAX_DEVICE_ROUNDS",
    "MAX_LAYERS",
    "MAX_ROUNDS",
    "MAX_SAMPLES",
    "MEMORY_RATE",
    "MOMENTUM",
    "NOISE_DENSITY",
    "OPERATORS",
    "OPERATOR_TIME",
    "PARAMETER_ERROR",
    "PATH_LOSS",
    "PATH_LOSS_EXPONENT",
    "POWER",
    "QUEUE",
    "RATE",
    "SECONDS",
    "SHADOWING",
    "SPECTRAL_EFFICIENCY",
]

CLOCK = Bounds(1e3, 1e15, unit="Hz")
"""From 1 kHz, below the slowest microcontroller's, to 1 PHz, above any logic's."""

CLOCK_FRACTION = Bounds(1e-3, 1)
"""A device with less than a thousandth of its clock to spare takes no part."""

FLOPS_PER_CYCLE = Bounds(1e-6, 1e9, unit="FLOP/cycle")
"""Arithmetic in software takes some hundred cycles an operation; a data centre's accelerator does
a million operations in one."""

MEMORY_RATE = Bounds(1, 1e18, unit="byte/s")
"""From 1 byte/s, a memory behind the slowest of radios, to a thousand times what all the memory of
an exaflop machine moves."""

OPERATOR_TIME = Bounds(0, 1e3, unit="s")
"""Starting an operator costs nothing where a network runs as one, and microseconds to milliseconds
as a rule; a quarter of an hour is a job in a queue."""

CAPACITANCE = Bounds(1e-40, 1e-10, unit="W/Hz³")
"""κF³ is 0.1 W of logic at 1e13 Hz at the low end and 100 W at 10 kHz at the high one; 1e-28 is
usual."""

POWER = Bounds(1e-9, 1e6, unit="W")
"""From a backscatter tag's 1 nW to a broadcaster's 1 MW."""

DISTANCE = Bounds(1e-2, 1e9, unit="m")
"""From 1 cm, which is near-field, to 1 million km, which is beyond the moon."""

BANDWIDTH = Bounds(1, 1e15, unit="Hz")
"""From 1 Hz to 1 PHz, more than all of visible light."""

NOISE_DENSITY = Bounds(-300, 100, unit="dBm/Hz")
"""Thermal noise is at -174 at room temperature and at -204 at 0.3 K; jammers are loud."""

DECIBEL = Bounds(-100, 100, unit="dB")
"""A noise figure, in which people also put antenna gains."""

PATH_LOSS = Bounds(-100, 300, unit="dB")
"""At 1 km; -100 dB leaves room for antennas of 50 dB at both ends, 300 dB is a wall of rock."""

PATH_LOSS_EXPONENT = Bounds(0, 100, unit="dB")
"""An exponent of 10, twice the largest one measured."""

SHADOWING = Bounds(0, 60, unit="dB")
"""Measured ones reach 15 dB; at 60 dB one draw in a million is 300 dB off."""

RATE = Bounds(1e-9, 1e18, unit="bit/s")
"""A rate floor, from a bit in 30 years, which stands for none, up to all fibres' traffic."""

SPECTRAL_EFFICIENCY = Bounds(1e-6, 1e3, unit="bit/s/Hz")
"""Spread-spectrum links go down to 1e-3, a hundred antennas at each end up to 1e3."""

MAX_SAMPLES = 10**9
"""Samples of a device's round: a billion is the whole of the largest data sets of images."""

FLOPS = Bounds(0, 1e20, unit="FLOP/sample")
"""A model of 1e12 parameters over 1e6 tokens costs 2e18 FLOPs a sample forward."""

BITS = Bounds(0, 1e18, unit="bit")
"""Above 1e15 parameters of 64 bits, a thousand times the largest model's."""

MOMENTUM = Bounds(0, 1, open_high=True)

BYTES = Bounds(0, 1e18, unit="byte")
"""Memory that a sample moves: every weight of the largest model a thousand times."""

OPERATORS = Bounds(0, 1e9)
"""Operators that a sample runs: a hundred thousand in each of the most layers."""

SECONDS = Bounds(0, 1e9, unit="s")
"""A measured time of a batch: up to 30 years."""

LEAST_FIGURE = 1e-6
"""Least FLOPs or bits of a sample that are not 0; means over samples may be fractions, but a
millionth is rounding."""

LEAST_TOTAL_FLOPS = 1.0
"""Least FLOPs that training on a sample costs: all else is measured against the time they take."""

MAX_LAYERS = 10_000
"""Layers of a network; each is an option for every device in every round."""

MAX_DEVICES = 1_000_000
"""Devices of a fleet: the 50 rounds of its reference trace take 1.2 GB."""

MAX_ROUNDS = 1_000_000
"""Rounds of an episode, and rounds by which channel knowledge may lag; queues grow with them."""

MAX_DEVICE_ROUNDS = 100_000_000
"""Devices times rounds of an episode: a trace is three arrays of that size, 2.4 GB, and drawing it
takes as many again."""

MAX_DEVICE_OPTIONS = 20_000_000
"""Devices times admissible split points: a round's options are three arrays of that size."""

KNOB = Bounds(1e-9, 1e9)
"""v: at either end one of delay and energy counts for nothing; 0.1 to 100 is usual."""

QUEUE = Bounds(0, 1e60, unit="J")
"""A queue at the start; more than the sun gives off in its life, 1e44 J."""

BUDGET_ENERGY = Bounds(1e-30, 1e60, unit="J")
"""A budget a round: from less than flipping one bit takes at 1 mK, 1e-26 J, up to a
:data:`QUEUE`."""

FRACTION = Bounds(1e-9, 1, open_high=True)
"""Of the way from the least energy to that of the fastest; less is the least energy itself."""

PARAMETER_ERROR = Bounds(1, 1e3)
"""Factor by which a device may differ from what is known of it, each way."""

CAPACITY = Bounds(1e-3, 1e9)
"""What a battery holds, in rounds of the fastest split: from a capacitor that is empty before the
round has begun to one that a life of training doesn't drain."""

HARVEST = Bounds(0, 1e9)
"""Harvest of a round, in the same measure, and factors on it."""
