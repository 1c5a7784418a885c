"""``ASL-v0``: adaptive split learning under a long-term energy budget, one environment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from asl_gym.envs.arguments import RENDER_MODES, EnvArguments, build_parts, checked_options
from asl_gym.envs.viewing import render_rows
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.measured_harvest import MeasuredHarvest
from asl_gym.traces.trace import Trace
from asl_gym.validation.checks import whole_number

__all__ = ["ASLEnv"]


class ASLEnv(gym.Env[NDArray[np.float32], Any]):
    """Adaptive split learning: pick split points and server frequencies under an energy budget.

    ## Description
    N devices train a network of L layers together with an edge server, round after round. Each
    round every device's split point ℓ is picked (the device runs layers 1…ℓ, the server the
    rest) and the server frequency it is given. The aim is the least average round delay with
    average energy within the budget. This is the project's model of the problem in Li, Wu, Wu
    and Wang, "Adaptive Split Learning over Energy-Constrained Wireless Edge Networks", 2024
    (arXiv 2403.05158), whose own parameter values are not known to us.

    The scenario's schedule says what kind of split learning it is. In ``ASL-v0`` it is
    ``"sequential"``, vanilla split learning: devices train in turn, each with the whole bandwidth
    and the whole server, and the round's delay is the sum of theirs. In ``ASLParallel-v0`` it is
    ``"parallel"``, split-federated learning with synchronous rounds: all devices train at once,
    each in its N-th of the bandwidth, the frequencies of those with server work add up to at most
    f_max (with f_min = 10⁻³ f_max/N), and the round's delay is that of its slowest device. Model
    averaging is not modelled: it takes the same time and energy whatever is decided.

    ## Action space
    Chosen by ``action_view=``; N devices, M admissible split points:

    - ``"split"`` (default): ``MultiDiscrete([M]*N)``, N split indices; the solver's upper layer
      gives the frequencies (in the parallel schedule by the rates that are shown).
    - ``"box"``: ``Box(-1, 1, (2N,))``, N split points in M equal bins, then N frequencies on a log
      scale between f_min and f_max. In the parallel schedule, where they add up to more than
      f_max, the part of each above f_min is scaled down so that they add up to it.
    - ``"multi_discrete"``: ``MultiDiscrete([M]*N + [16])``, N split indices and one of 16
      log-spaced frequencies for all devices; in the parallel schedule one of 16 log-spaced parts
      of the server's clock, from N·f_min to f_max, divided equally among devices with server work.
    - ``"dict"``: ``Dict``, ``split`` with N split indices and ``server_frequency`` with N
      frequencies in Hz, shape (N, 1); scaled down as in ``"box"``.

    On batteries the server runs at its full clock, and the views are ``"split"``, ``"dict"``, both
    of N split indices alone, and ``"price"``: ``Box(-1, 1, (N,))``, what a joule in each device's
    battery is worth, from 10⁻³/ϖ to 1/ϖ on a log scale, by which it takes its cheapest option.

    An action outside the space, with NaN or of the wrong shape raises a ``ValueError`` and
    leaves the environment as it was. dtypes do not matter.

    ## Observation space
    Chosen by ``observation=``. ``"flat"`` (default) is a ``Box(float32)`` with K queues (1, or
    N + 1 with per-device budgets):

    | entries | value | unit behind it |
    |---|---|---|
    | K | ln(1 + Q_k/Ē_k), virtual energy queues | J |
    | 1 | fraction of the episode's rounds left | – |
    | N | log₁₀(uplink rate / the device's median) | bit/s |
    | N | log₁₀(downlink rate / the device's median) | bit/s |
    | N | available clock / full clock | Hz |
    | N | ln(1 + D_n·N/D_ref), realised in the last round, 0 before the first † | s |
    | N | ln(1 + E_n·N/Ē), likewise † | J |

    † only where the controller does not know the device parameters.

    ``"devices"`` is a ``Box(float32)`` of shape (N + 1, F): a row a device with its static facts,
    and a last row of the system, for policies that play fleets of any size; its columns are in
    ``asl_gym.envs.observations``.

    On batteries observations hold, in this order, N charges B/C, the fraction of rounds left, sine
    and cosine of the time of day, N of ln(1 + H/Ê) (what the round will bring), N skies (1 where
    clear; only where shown), then rates and clocks as above, see ``asl_gym.envs.batteries.codecs``.

    ``env.unwrapped.codec`` turns it into named physical quantities and back. Static facts are in
    ``env.unwrapped.scenario``. After the last round, the last channels are shown again.

    ## Reward
    In units of V·D_ref, by ``reward=``:

    - ``"linear_drift"`` (default): −(V·D + Q·(E − Ē)). With γ = 0 its optimum is OPEN's decision.
      For γ near 1 it can be gamed: it pays for variance of the energy.
    - ``"drift"``: −(V·D + ½ΔQ²), the exact Lyapunov drift plus penalty. Undiscounted it telescopes
      to −V·ΣD − ½Q_T² (+ ½Q_0²).
    - ``"delay"``: −V·D, with ``info["cost"]`` = E for constrained RL.

    On batteries the default is ``"excess_delay"``, the sum over devices of
    −(D_n − min_ℓ d_n)/(Ê_n/ϖ), the delay beyond what nobody can change in units of a round's
    charging; or ``"delay"``, −D/D_ref. The others are refused, as there is no queue.

    ``info["device_reward"]`` (N,) says what of it each device is charged, see
    :mod:`asl_gym.envs.rewards`; in the sequential schedule its sum is the reward.

    The defaults are those with which plain PPO of stable-baselines3 learns soonest in one
    environment: with γ = 0 a minute brings it near to OPEN.

    ## Info
    After ``step``: ``delay`` [s], ``energy`` [J], ``cost`` [J], ``device_delay`` (N,) [s],
    ``device_energy`` (N,) [J], ``device_reward`` (N,), ``server_energy`` [J], ``split`` (N,),
    ``split_index`` (N,), ``server_frequency`` (N,) [Hz], ``queue`` [J] (a float, or (K,) for
    per-device budgets). After ``reset``: ``queue``. ``split`` are split points, the number of the
    last layer on the device; ``split_index``, like split indices in actions, counts the
    admissible split points from 0.

    On batteries ``battery`` (N,) [J], after the round, stands in the place of ``queue``, also after
    ``reset``, and ``cost`` is left out; with ``harvest`` (N,) [J], ``wait`` (N,) [s] and
    ``end_charge`` (N,) [s], which is 0 but in the last round. Delays hold the last two.

    ## Episode end
    ``terminated`` is always False, ``truncated`` True at the scenario's horizon.

    ## Arguments
    ``scenario`` (a ``Scenario``, a preset's name or a JSON file), ``action_view``, ``reward``,
    ``num_devices``, ``horizon``, ``budget`` (a ``Budget``, or the system's joules per round),
    ``traces`` (a ``TraceSource``, for example measured logs; synthetic by default),
    ``harvest`` (on batteries, an ``asl_gym.MeasuredHarvest``; by the weather's law by default),
    ``observation``, ``csi_delay_rounds`` and ``parameter_error`` (what the controller knows, see
    ``asl_gym.Knowledge``), ``cloud_shown`` (on batteries, whether skies are shown),
    ``render_mode`` (``"ansi"`` or ``"rgb_array"``). ``reset(options={"trace": trace})`` plays a
    given trace.

    ## Environment ids
    - ``ASL-v0``: the controller knows channels and devices.
    - ``ASLStaleCSI-v0``: it is shown the rates of the last round, while new ones decide the costs.
    - ``ASLMismatch-v0``: each device's FLOPs per cycle and capacitance differ from what it is
      told by a factor of up to 3 each way, drawn at reset; observations carry the realised delay
      and energy of each device in the last round, from which the truth can be learned.
    - ``ASLHarvest-v0``: devices run on batteries that the sun charges, in place of an energy
      budget; a round that takes more than a battery holds waits for a backup charger, and what the
      episode drained is charged at its end, see :mod:`asl_gym.model.batteries`. What is spent at
      noon is missing at night, so that looking ahead wins.

    Each has a scenario of its own, with its own budget, unless ``scenario=`` names another. A
    trace that is given by ``reset(options={"trace": …})`` is played as it is, with the shown rates
    and device factors that it holds.

    ## Version history
    v0: first version. Ids keep their -v0 until version 1.0 of the package.

    - 0.2.0: an episode's luck is a function of a key that ``reset`` draws, made as it is needed:
      other random streams than before, and with them other budgets, V and figures of the same
      seeds. The defaults become ``action_view="split"`` and ``reward="linear_drift"`` (they were
      ``"box"`` and ``"drift"``).
    - 0.1.0: all streams of an episode drawn at once by NumPy's generators.
    """

    metadata = {"render_modes": list(RENDER_MODES), "render_fps": 4}  # noqa: RUF012

    def __init__(
        self, scenario: Scenario | str | Path = "default", **arguments: Unpack[EnvArguments]
    ) -> None:
        parts = build_parts(1, scenario, arguments)
        self.scenario, self.simulation, self.view, self.render_mode = parts
        self.codec = self.simulation.codec
        self.action_space = self.view.space
        self.observation_space = self.codec.space  # type: ignore[assignment]

    @property
    def energy_budget(self) -> float:
        """Energy budget of the whole system per round [J]."""
        return self.scenario.energy_budget

    @property
    def queue(self) -> float | NDArray[np.float64]:
        """The virtual queue [J], a float, or shape (K,) with per-device budgets.

        Raises:
            AttributeError: If devices run on batteries.
        """
        queue: float | NDArray[np.float64] = _row(self.simulation.shown_queue())
        return queue

    @property
    def battery(self) -> NDArray[np.float64]:
        """What batteries hold [J], shape (N,).

        Raises:
            AttributeError: If devices have none.
        """
        battery: NDArray[np.float64] = self.simulation.battery[0].copy()
        return battery

    @property
    def harvest(self) -> MeasuredHarvest | None:
        """The measured harvests that are played; ``None`` without."""
        return self.simulation.harvest

    @property
    def trace(self) -> Trace:
        """A copy of this episode's trace, shape (T, N)."""
        return self.simulation.trace[0].copy()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Starts an episode.

        Args:
            seed: Seed of the random generator that traces are drawn from.
            options: ``{"trace": Trace}`` plays that trace.

        Returns:
            The observation and ``{"queue": …}``, or ``{"battery": …}``.
        """
        trace = self.simulation.fitted(checked_options(options).get("trace"))
        super().reset(seed=None if seed is None else whole_number("seed", seed, 0))
        self.simulation.start([self.np_random], trace)
        info = {name: _row(values) for name, values in self.simulation.start_info().items()}
        return self.simulation.observe(self.view)[0], info

    def step(self, action: Any) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Plays a round.

        Raises:
            ValueError: If the action lies outside the action space.
            RuntimeError: If there is no episode to play in.
        """
        simulation = self.simulation
        if not simulation.started or simulation.finished:
            state = "not ended" if simulation.started else "started"
            raise RuntimeError(f"step() needs an episode that has {state}: call reset() first")
        observation = simulation.step_alone(action, self.view)
        if observation is None:
            observation = simulation.step(_with_row_axis(action), self.view)[0]
        reward, info = simulation.info_alone()
        return observation, reward, False, simulation.finished, info

    def render(self) -> Any:
        """Shows the last round: text for ``"ansi"``, an image (H, W, 3) for ``"rgb_array"``."""
        frames = render_rows(self.simulation, self.render_mode, 1)
        return None if frames is None else frames[0]


def _with_row_axis(action: Any) -> Any:
    """A batch of the one action; the view turns it into arrays and checks them."""
    if type(action) is np.ndarray:
        return action[None]
    if isinstance(action, Mapping):
        return {name: [value] for name, value in action.items()}
    return [action]


def _row(values: NDArray[Any]) -> Any:
    """Row 0 of a batch: a float of a vector, an array of a matrix."""
    return values[0] if values.ndim > 1 else float(values[0])
