"""One way to open an ONNX network: on the model's device, on its number of threads, quietly."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from cinedub.config import Model
from cinedub.errors import WeightsError


def providers(model: Model) -> list[str]:
    """ONNX Runtime's names for the model's device."""
    return ["CUDAExecutionProvider", "CPUExecutionProvider"] if model.device.startswith("cuda") else ["CPUExecutionProvider"]


def options(model: Model) -> onnxruntime.SessionOptions:
    """The model's threads; no word on the error stream below a fault."""
    chosen = onnxruntime.SessionOptions()
    chosen.intra_op_num_threads = model.threads
    chosen.inter_op_num_threads = 1
    chosen.log_severity_level = 3
    # Threads that spin while they wait would take the processor from the decoder and from the other models.
    chosen.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return chosen


def session(network: bytes | Path, model: Model) -> onnxruntime.InferenceSession:
    """An inference session.

    Raises:
        WeightsError: what is there is no ONNX network.
    """
    try:
        return onnxruntime.InferenceSession(str(network) if isinstance(network, Path) else network, options(model), providers=providers(model))
    except Exception as error:  # ONNX Runtime's own exceptions share no ancestor below this one
        where = network if isinstance(network, Path) else model.weights
        raise WeightsError(f"{where} is not a network that ONNX Runtime can run: {str(error).splitlines()[0][:200]}") from error
