"""Which number format training uses on which device."""

from typing import Literal

from sambodhan_assets.domain.errors import PermanentError

Precision = Literal["auto", "bf16", "fp16", "fp32"]
PRECISIONS: tuple[Precision, ...] = ("auto", "bf16", "fp16", "fp32")


def best_device() -> str:
    """Type of the device that the Trainer takes: the accelerator if there is one, else "cpu"."""
    import torch

    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return accelerator.type if accelerator else "cpu"


def choose_precision(wanted: Precision, device: str) -> Literal["bf16", "fp16", "fp32"]:
    """The format to train in; "auto" takes the fastest that is sound.

    bf16 halves the time (1.9 times the rows on a CPU that has it) and needs no loss scaling. Where
    a processor must emulate it, it is slower than fp32, so only hardware support counts.

    Args:
        wanted: As set; anything but "auto" is taken as it is.
        device: Type of the torch device: "cuda", "cpu", "mps" and so on.

    Raises:
        PermanentError: fp16 is wanted without CUDA, where nothing scales the loss and small
            gradients vanish.
    """
    if wanted == "fp16" and device != "cuda":
        raise PermanentError(
            tried="Choosing the number format for training",
            found=f"fp16 is set, but the device is {device}.",
            todo="Set auto, bf16 or fp32.",
        )
    if wanted != "auto":
        return wanted
    if device == "cuda":
        return "bf16" if _cuda_has_bf16() else "fp16"
    return "bf16" if device == "cpu" and _cpu_has_bf16() else "fp32"


def _cuda_has_bf16() -> bool:
    import torch

    # Without the argument torch answers yes for old cards too, which emulate it slowly.
    return torch.cuda.is_bf16_supported(including_emulation=False)


def _cpu_has_bf16() -> bool:
    """Torch names the instructions avx512_bf16 and amx_bf16 on x86, bf16 on ARM."""
    import torch

    abilities = torch.cpu.get_capabilities()
    return any(abilities.get(name) is True for name in ("avx512_bf16", "amx_bf16", "bf16"))
