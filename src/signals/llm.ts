import { defineSignals, type SignalDefinition } from './signal-definition.ts';

/** What the inference server of a language model reports about itself. */
export const llmSignals: readonly SignalDefinition[] = defineSignals('llm', [
  {
    name: 'llm_ttft_p95_seconds',
    unit: 'seconds',
    scope: ['model'],
    help: 'Time to the first token, 95th percentile.',
    direction: 'higher_is_worse',
    combine: 'avg',
  },
  {
    name: 'llm_kv_cache_ratio',
    unit: 'ratio',
    scope: ['model'],
    help: 'Share of the key-value cache in use, of the fullest replica.',
    direction: 'higher_is_worse',
    combine: 'avg',
    bounded: true,
  },
  {
    name: 'llm_queue_depth',
    unit: 'count',
    scope: ['model'],
    help: 'Number of requests that wait for a slot.',
    direction: 'higher_is_worse',
    combine: 'avg',
  },
  {
    name: 'llm_preemptions_per_second',
    unit: 'per_second',
    scope: ['model'],
    help: 'Running requests pushed out of the cache per second.',
    direction: 'higher_is_worse',
    combine: 'avg',
  },
  {
    name: 'llm_inter_token_p95_seconds',
    unit: 'seconds',
    scope: ['model'],
    help: 'Time from one output token to the next, 95th percentile.',
    direction: 'higher_is_worse',
    combine: 'avg',
  },
  {
    name: 'llm_output_tokens_per_second',
    unit: 'per_second',
    scope: ['model'],
    help: 'Tokens generated per second.',
    direction: 'neutral',
    combine: 'avg',
  },
]);
