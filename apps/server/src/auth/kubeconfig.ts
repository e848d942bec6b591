import { stringify } from 'yaml';

export interface KubeconfigOptions {
  /** e.g. `https://127.0.0.1:6443`. */
  readonly server: string;
  /** PEM. */
  readonly caCertificate: string;
  readonly user: string;
  readonly credential: { readonly certificate: string; readonly key: string } | { readonly token: string };
  readonly namespace?: string;
}

/** A kubeconfig with one cluster, one user and one context, everything embedded, as YAML. */
export function renderKubeconfig(options: KubeconfigOptions): string {
  const { credential } = options;
  const user =
    'token' in credential
      ? { token: credential.token }
      : {
          'client-certificate-data': base64(credential.certificate),
          'client-key-data': base64(credential.key),
        };
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'wheelhouse',
          cluster: { server: options.server, 'certificate-authority-data': base64(options.caCertificate) },
        },
      ],
      users: [{ name: options.user, user }],
      contexts: [
        {
          name: 'wheelhouse',
          context: {
            cluster: 'wheelhouse',
            user: options.user,
            ...(options.namespace ? { namespace: options.namespace } : {}),
          },
        },
      ],
      'current-context': 'wheelhouse',
      preferences: {},
    },
    { lineWidth: 0 },
  );
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
