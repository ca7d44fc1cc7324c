import type { ServingSubject } from './serving-adapter.ts';

/** `<isvc>-predictor`, with revision and deployment when KServe runs serverless; older releases add `-default`. */
const PREDICTOR = /^(.+)-predictor(?:-default|-canary)?(?:-(\d{5}))?(?:-.*)?$/;

/**
 * Returns the inference service and revision in the name that KServe gives to a predictor's workload, service, revision,
 * autoscaler or pod; empty for any other name.
 *
 * @see kserve pkg/constants/constants.go
 */
export function kserveSubject(name: string): ServingSubject {
  const match = PREDICTOR.exec(name);
  return { model: match?.[1] ?? '', version: match?.[2] ?? '', part: '' };
}
