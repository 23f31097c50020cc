"""The Space that a job runs in: gets its hardware before the job, and rests after it.

Hardware. The Hub starts the container of a Space anew when it gets other hardware, so a container
that asks for some does nothing else: it waits to be ended, and its successor finds the hardware and
works. A request that is pending is not repeated, for every request would start the container anew.

Rest. The Space is paused first, which ends what it costs, and only then put back on the basic
hardware. The other way round the Hub would start a container that runs the whole job again. For the
same reason nothing is requested if the pause fails, and the Space is paused once more if the
request has woken it. Restarting or pausing a Space ends its container with SIGTERM. During the last
step that comes from the pause itself and ends nothing; before it, it comes from somebody who has
decided already, and there is no last step.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from resources.masking import remember_secrets
from resources.space_settings import OwnSpaceSettings
from resources.spaces import BASIC_HARDWARE, FAILED_STAGES, Spaces
from sambodhan_assets.domain.errors import PlatformError, TransientError
from sambodhan_assets.space.stop_signals import let_nothing_end

Say = Callable[[str], None]

POLL_SECONDS = 2.0
PAUSED = "PAUSED"


@dataclass(frozen=True, kw_only=True)
class Rest:
    """How the last step ended.

    Attributes:
        space: The Space; None if nobody said which one this is.
        paused: Whether it rests now.
        problems: What failed, one sentence each.
    """

    space: str | None
    paused: bool
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OwnSpace:
    """The Space that this process runs in.

    Attributes:
        name: owner/name; None if nobody said which one it is.
        hardware: What the job needs; None if it takes what there is.
        spaces: The Hub.
        wait_seconds: Longest wait for the hardware.
        say: Receives one line per step.
    """

    name: str | None
    hardware: str | None
    spaces: Spaces
    wait_seconds: float
    say: Say

    def has_hardware(self) -> bool:
        """Whether this container runs on what the job needs; otherwise its successor will.

        Raises:
            PlatformError: The Hub refuses the hardware, or does not give it in time.
        """
        if self.name is None or self.hardware is None:
            return True
        state = self.spaces.state(self.name)
        if state.hardware == self.hardware:
            return True
        asked_here = state.requested_hardware != self.hardware
        try:
            if asked_here:
                self.say(f"{self.name} asks for {self.hardware}; the Hub starts it anew on that.")
                self.spaces.request_hardware(self.name, self.hardware)
            else:
                self.say(f"{self.name} waits for {self.hardware}.")
            self._wait_for_hardware(self.name, self.hardware)
        except KeyboardInterrupt:
            return False
        # It is the container that comes which has it, unless this is that one.
        return not asked_here

    def _wait_for_hardware(self, name: str, hardware: str) -> None:
        deadline = time.monotonic() + self.wait_seconds
        while True:
            state = self.spaces.state(name)
            if state.hardware == hardware:
                return
            if state.stage in FAILED_STAGES or time.monotonic() > deadline:
                raise TransientError(
                    tried=f"Waiting for {hardware} for the Space {name}",
                    found=f"it is in the stage {state.stage} on {state.hardware or 'nothing yet'}.",
                    todo="Look at the Space's settings on the Hub, or unset SPACE_HARDWARE.",
                )
            time.sleep(POLL_SECONDS)

    def rest(self) -> Rest:
        """The last step of a job, whatever happened before; a failure is told and not raised."""
        if self.name is None:
            problem = "Nobody pauses this Space: it does not know its name (SPACE_ID is not set)."
            self.say(f"Warning: {problem}")
            return Rest(space=None, paused=False, problems=(problem,))
        problems: list[str] = []
        paused = self._tried(problems, lambda name: self.spaces.pause(name))
        if paused:
            self._tried(problems, self._release)
        for problem in problems:
            self.say(f"Warning: {problem}")
        if paused:
            self.say(f"{self.name} rests.")
        return Rest(space=self.name, paused=paused, problems=tuple(problems))

    def _release(self, name: str) -> None:
        if self.hardware is None or self.hardware == BASIC_HARDWARE:
            return
        self.spaces.request_hardware(name, BASIC_HARDWARE)
        if self.spaces.state(name).stage != PAUSED:
            self.spaces.pause(name)

    def _tried(self, problems: list[str], step: Callable[[str], None]) -> bool:
        try:
            step(str(self.name))
        except PlatformError as error:
            problems.append(str(error))
            return False
        return True


def rest_unconfigured(say: Say) -> None:
    """Pauses this Space although no job can start; nothing where it does not know its name."""
    settings = OwnSpaceSettings()  # pyright: ignore[reportCallIssue]
    if settings.space_id is None or settings.hf_token is None:
        return
    # Here, because the client of the Hub reads its variables when it is imported.
    from resources.hub_spaces import HubSpaces

    token = settings.hf_token.get_secret_value()
    remember_secrets([token])
    spaces = HubSpaces(token=token, endpoint=settings.hf_endpoint)
    own = OwnSpace(name=settings.space_id, hardware=None, spaces=spaces, wait_seconds=0, say=say)
    let_nothing_end()
    own.rest()
