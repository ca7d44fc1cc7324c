import { z } from 'zod';
import { durationMs } from '../fields.ts';

/** Host and port: `gpu-1:9400`, `10.0.0.7:9400`, `[::1]:9400`, `exporter.example`. */
const TARGET = /^(?:\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9._-]+)(?::\d{1,5})?$/;

/** A target as host or host:port. */
export const targetSchema = z.string().regex(TARGET, 'must be host or host:port, without http:// and without a path');

const labelsSchema = z.record(
  z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'must be a label name'),
  z.string().max(4096),
);

const bearer = z
  .string()
  .min(1)
  .optional()
  .describe('Bearer token; give it as ${ENV_NAME} or file:/path, never literally.');

export const staticConfigSchema = z.strictObject({
  targets: z.array(targetSchema).min(1).max(10_000),
  labels: labelsSchema.default({}).describe('Labels of these targets.'),
});

export const fileSdSchema = z.strictObject({
  files: z
    .array(
      z
        .string()
        .regex(
          /^[^*]*(?:\*[^/]*)?\.(?:json|yml|yaml)$/,
          'must end in .json, .yml or .yaml, with * in the last part only',
        ),
    )
    .min(1)
    .describe('Files with a list of {targets, labels}; the last part of a path may hold *.'),
  refresh_interval: durationMs.prefault('30s').describe('How often the files are read again.'),
});

export const httpSdSchema = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .describe('Answers a JSON list of {targets, labels}.'),
  refresh_interval: durationMs.prefault('60s').describe('How often it is asked; at a failure the last targets stay.'),
  bearer,
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/), z.string()).default({}),
});

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

export const kubernetesSdSchema = z.strictObject({
  role: z.enum(['pod', 'endpoints', 'service', 'node']),
  api_server: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .default('https://kubernetes.default.svc')
    .describe('URL of the API server.'),
  namespaces: z
    .array(z.string().regex(/^[a-z0-9-]{1,63}$/))
    .default([])
    .describe('Namespaces looked at; none means all.'),
  label_selector: z.string().max(1024).optional().describe('Only objects with these labels, such as app=triton.'),
  field_selector: z
    .string()
    .max(1024)
    .optional()
    .describe('Only objects with these fields, such as spec.nodeName=gpu-1.'),
  token_file: z
    .string()
    .default(`${SERVICE_ACCOUNT}/token`)
    .describe('File with the bearer token, read anew each time; empty for none.'),
  ca_file: z
    .string()
    .default(`${SERVICE_ACCOUNT}/ca.crt`)
    .describe('Certificate that the API server is checked against; empty for those of the system.'),
  refresh_interval: durationMs
    .prefault('30s')
    .describe('How often the objects are listed where they may not be watched, and how soon after a failure.'),
});

export type FileSdConfig = z.output<typeof fileSdSchema>;
export type HttpSdConfig = z.output<typeof httpSdSchema>;
export type KubernetesSdConfig = z.output<typeof kubernetesSdSchema>;
