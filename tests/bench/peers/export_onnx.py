"""Exports the model for ONNX Runtime: model.onnx (fused by its optimizer) and model.int8.onnx."""

from common import options

import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from transformers import BertForSequenceClassification


class Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids, mask):
        return self.model(input_ids=ids, attention_mask=mask).logits


o = options()
model = BertForSequenceClassification.from_pretrained(o.work / "model", attn_implementation="eager").float().eval()
ids = torch.randint(1000, 30000, (2, 16))
names = dict(input_names=["ids", "mask"], output_names=["logits"])
plain, fused, small = (str(o.work / name) for name in ("plain.onnx", "model.onnx", "model.int8.onnx"))
arguments = (ids, torch.ones_like(ids))
axes = {name: {0: "batch", 1: "length"} for name in ("ids", "mask")}
with torch.no_grad():
    try:  # the older exporter: the optimizer knows its graphs and fuses attention in them
        torch.onnx.export(Logits(model).eval(), arguments, plain, **names, dynamic_axes=axes, dynamo=False)
    except Exception as error:
        print("older exporter:", str(error)[:200])
        batch, length = torch.export.Dim("batch", min=1, max=64), torch.export.Dim("length", min=2, max=512)
        shapes = {name: {0: batch, 1: length} for name in ("ids", "mask")}
        torch.onnx.export(
            Logits(model).eval(), arguments, plain, **names, dynamic_shapes=shapes, dynamo=True, external_data=False
        )
done = optimizer.optimize_model(plain, model_type="bert", num_heads=12, hidden_size=384)
print({name: count for name, count in done.get_fused_operator_statistics().items() if count})
done.save_model_to_file(fused)

# Another shape than the traced one, with padding: the same logits, or no model is left.
ids, mask = torch.randint(1000, 30000, (3, 40)), torch.ones(3, 40, dtype=torch.int64)
mask[1, 17:] = 0
session = onnxruntime.InferenceSession(fused, providers=["CPUExecutionProvider"])
got = session.run(None, {"ids": ids.numpy(), "mask": mask.numpy()})[0]
with torch.no_grad():
    wanted = Logits(model)(ids, mask).numpy()
apart = abs(got - wanted).max()
print("largest difference to PyTorch:", apart)
assert apart < 1e-3, "the exported model answers something else"
# Types of what stands behind the optimizer's own operators are not inferred: they are floats.
float_type = {"DefaultTensorType": onnx.TensorProto.FLOAT}
quantize_dynamic(fused, small, weight_type=QuantType.QInt8, extra_options=float_type)
