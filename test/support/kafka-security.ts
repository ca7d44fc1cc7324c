import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KafkaBrokerOptions } from './kafka-broker.ts';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export interface Certificates {
  readonly ca: string;
  /** A client's certificate and key. */
  readonly cert: string;
  readonly key: string;
  /** Another authority's certificate, which signed nothing. */
  readonly strangers: string;
  /** The broker's key and certificate in one file. */
  readonly keystore: string;
  remove(): void;
}

/** Makes an authority and certificates of it for a broker on 127.0.0.1 and for a client, with openssl. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-certificates-'));
  const openssl = (...args: string[]): void => {
    const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`);
  };
  for (const name of ['ca', 'strangers']) {
    openssl(
      'req',
      '-x509',
      ...KEY,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
    );
  }
  writeFileSync(`${folder}/names`, 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  for (const name of ['broker', 'client']) {
    openssl('req', ...KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
    const out = ['-days', '2', '-extfile', 'names', '-out', `${name}.pem`];
    openssl('x509', '-req', '-in', `${name}.csr`, ...authority, ...out);
  }
  const keystore = `${folder}/keystore.pem`;
  writeFileSync(
    keystore,
    `${readFileSync(`${folder}/broker.key`, 'utf8')}${readFileSync(`${folder}/broker.pem`, 'utf8')}`,
  );
  return {
    ca: `${folder}/ca.pem`,
    cert: `${folder}/client.pem`,
    key: `${folder}/client.key`,
    strangers: `${folder}/strangers.pem`,
    keystore,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Returns a broker with a listener for TLS (TLS), one that asks for a certificate (MTLS), PLAIN over TLS, SCRAM and OAUTHBEARER. */
export function securedBroker(
  { ca, keystore }: Certificates,
  user: { readonly username: string; readonly password: string },
): KafkaBrokerOptions {
  const ssl = {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keystore,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': ca,
  };
  const login = 'org.apache.kafka.common.security';
  const plain = `${login}.plain.PlainLoginModule required user_${user.username}="${user.password}";`;
  const scram = `${login}.scram.ScramLoginModule required;`;
  return {
    scram: ['256', '512'].map((bits) => `SCRAM-SHA-${bits}=[name=${user.username},password=${user.password}]`),
    listeners: [
      { name: 'TLS', protocol: 'SSL', settings: ssl },
      { name: 'MTLS', protocol: 'SSL', settings: { ...ssl, 'ssl.client.auth': 'required' } },
      {
        name: 'PLAIN',
        protocol: 'SASL_SSL',
        settings: { ...ssl, 'sasl.enabled.mechanisms': 'PLAIN', 'plain.sasl.jaas.config': plain },
      },
      {
        name: 'SCRAM',
        protocol: 'SASL_PLAINTEXT',
        settings: {
          'sasl.enabled.mechanisms': 'SCRAM-SHA-256,SCRAM-SHA-512',
          'scram-sha-256.sasl.jaas.config': scram,
          'scram-sha-512.sasl.jaas.config': scram,
        },
      },
      {
        // Kafka's own check for tests: tokens without a signature.
        name: 'OAUTH',
        protocol: 'SASL_PLAINTEXT',
        settings: {
          'sasl.enabled.mechanisms': 'OAUTHBEARER',
          'oauthbearer.sasl.jaas.config': `${login}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
        },
      },
    ],
  };
}

/** Returns a token without a signature that is good for ten minutes. */
export function unsignedToken(subject: string): string {
  const seconds = Math.floor(Date.now() / 1000);
  const part = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: seconds - 1, exp: seconds + 600 })}.`;
}
