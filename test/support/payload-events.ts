import { type Answer, request } from './client.ts';

export interface EventParts {
  readonly id: string;
  readonly part: 'request' | 'response';
  readonly body: string | Uint8Array;
  /** ISO time; default a fixed one, the response 14.25 ms after the request. */
  readonly time?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
}

/** Sends an event as KServe's agent 0.18 does: binary mode, Go's header names. */
export function sendKserve(url: string, { id, part, body, time, headers, query }: EventParts): Promise<Answer> {
  const at = time ?? (part === 'request' ? '2026-05-01T10:00:00.100250Z' : '2026-05-01T10:00:00.114500Z');
  return request(`${url}/v1/kserve${query ?? ''}`, {
    body,
    headers: {
      'Ce-Component': 'predictor',
      'Ce-Endpoint': '',
      'Ce-Id': id,
      'Ce-Inferenceservicename': 'fraud-scorer',
      'Ce-Metadata':
        '{"Traceparent":["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],"X-Request-Id":["r-88213"]}',
      'Ce-Namespace': 'fraud',
      'Ce-Recordedtime': '2026-05-01T10:00:01.120417Z',
      'Ce-Source': 'http://localhost:9081/',
      'Ce-Specversion': '1.0',
      'Ce-Time': at,
      'Ce-Type': `org.kubeflow.serving.inference.${part}`,
      'Content-Type': 'application/json',
      ...headers,
    },
  });
}

/** Sends an event as Seldon Core 1's executor does. */
export function sendSeldon(
  url: string,
  event: { readonly type: string; readonly puid: string; readonly id: string; readonly body: unknown },
): Promise<Answer> {
  return request(`${url}/v1/kserve`, {
    body: JSON.stringify(event.body),
    headers: {
      'CE-SpecVersion': '1.0',
      'CE-Source': 'http://:8000/',
      'CE-ID': event.id,
      'CE-Type': `io.seldon.serving.${event.type}`,
      'CE-Time': '2026-05-01T11:00:00.5Z',
      'Ce-Requestid': event.puid,
      'Ce-Modelid': 'classifier',
      'Ce-Inferenceservicename': 'income',
      'Ce-Namespace': 'seldon',
      'Ce-Endpoint': 'canary',
      'Ce-Protocol': 'seldon',
      'Content-Type': 'application/json',
    },
  });
}
