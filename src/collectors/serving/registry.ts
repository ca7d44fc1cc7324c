import { bentoml } from './bentoml.ts';
import { istio } from './istio.ts';
import { karpenter } from './karpenter.ts';
import { keda } from './keda.ts';
import { knative } from './knative.ts';
import { kserve } from './kserve.ts';
import { kueue } from './kueue.ts';
import { opencost } from './opencost.ts';
import { seldon } from './seldon.ts';
import type { ServingAdapter } from './serving-adapter.ts';
import { slurm } from './slurm.ts';
import { torchserve } from './torchserve.ts';
import { triton } from './triton.ts';
import { vllm } from './vllm.ts';

/** Every serving runtime, mesh, scheduler and cost tool whose metrics are understood. */
export const servingAdapters: readonly ServingAdapter[] = [
  vllm,
  triton,
  torchserve,
  kserve,
  seldon,
  bentoml,
  knative,
  istio,
  keda,
  kueue,
  slurm,
  karpenter,
  opencost,
];
