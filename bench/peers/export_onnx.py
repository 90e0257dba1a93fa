"""Exports the model for ONNX Runtime: model.onnx (fused by its optimizer) and model.int8.onnx."""

from common import options

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
with torch.no_grad():
    batch, length = torch.export.Dim("batch", min=1, max=64), torch.export.Dim("length", min=2, max=512)
    shapes = {"ids": {0: batch, 1: length}, "mask": {0: batch, 1: length}}
    arguments = (ids, torch.ones_like(ids))
    try:
        torch.onnx.export(
            Logits(model), arguments, plain, **names, dynamic_shapes=shapes, dynamo=True, external_data=False
        )
    except Exception as error:  # the older exporter knows what the newer one does not
        print("dynamo export:", str(error)[:200])
        axes = {name: {0: "batch", 1: "length"} for name in ("ids", "mask")}
        torch.onnx.export(Logits(model), arguments, plain, **names, dynamic_axes=axes, dynamo=False)
done = optimizer.optimize_model(plain, model_type="bert", num_heads=12, hidden_size=384)
print(done.get_fused_operator_statistics())
done.save_model_to_file(fused)
quantize_dynamic(fused, small, weight_type=QuantType.QInt8)
