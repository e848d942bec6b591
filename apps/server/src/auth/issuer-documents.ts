import type { FixedDocument } from '../http/fixed-documents';
import { type ServiceAccountKeys, TOKEN_ISSUER } from './service-account-keys';

const KEYS_PATH = '/openid/v1/jwks';

/**
 * With what others may check service account tokens without asking this server each time, by OpenID Connect's
 * discovery. Who may read it is a matter of the role `system:service-account-issuer-discovery`.
 */
export function issuerDocuments({ jwk }: ServiceAccountKeys): FixedDocument[] {
  return [
    {
      path: '/.well-known/openid-configuration',
      type: 'application/json',
      body: JSON.stringify({
        issuer: TOKEN_ISSUER,
        jwks_uri: `${TOKEN_ISSUER}${KEYS_PATH}`,
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: [jwk.alg],
      }),
      seconds: 3600,
    },
    {
      path: KEYS_PATH,
      type: 'application/jwk-set+json',
      body: JSON.stringify({ keys: [jwk] }),
      seconds: 3600,
    },
  ];
}
