import type { SecurityContext } from 'kubernetes-types/core/v1';
import { complaints, type FieldError, invalidValue } from '../../../meta/field-error';
import { dns1123Subdomain } from '../../../meta/names';

const MAX_CREDENTIAL_KIB = 64;
const MAX_DOMAIN = 256;
const MAX_USER = 104;

const NET_BIOS_DOMAIN = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const DNS_DOMAIN = new RegExp(`^${DNS_LABEL}(?:\\.${DNS_LABEL})*$`);
const DOTS_AND_SPACES = /^[. ]+$/;
const FORBIDDEN_CHARACTERS = /["/\\:;|=,+*?<>@[\]]/;

/** Who a container on Windows runs as. */
export function validateWindowsOptions(
  options: SecurityContext['windowsOptions'],
  path: string,
): FieldError[] {
  if (!options) return [];
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName } = options;
  const errors: FieldError[] = [];
  if (name !== undefined)
    errors.push(...complaints(`${path}.gmsaCredentialSpecName`, name, dns1123Subdomain(name)));
  if (spec !== undefined)
    errors.push(...complaints(`${path}.gmsaCredentialSpec`, spec, credentialComplaints(spec)));
  if (runAsUserName === undefined) return errors;
  const texts = userComplaints(runAsUserName).map((text) => `runAsUserName${text}`);
  return [...errors, ...texts.map((text) => invalidValue(`${path}.runAsUserName`, runAsUserName, text))];
}

function credentialComplaints(spec: string): string[] {
  if (spec === '') return ['gmsaCredentialSpec cannot be an empty string'];
  return spec.length > MAX_CREDENTIAL_KIB * 1024
    ? [`gmsaCredentialSpec size must be under ${MAX_CREDENTIAL_KIB} KiB`]
    : [];
}

/** `user` or `domain\user`. */
function userComplaints(name: string): string[] {
  if (name === '') return [' cannot be an empty string'];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) return [' cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return [' cannot contain more than one backslash'];
  const user = parts.at(-1) ?? '';
  const domain = parts.length === 2 ? parts[0] : undefined;
  const texts: string[] = [];
  if ((domain ?? '').length >= MAX_DOMAIN)
    texts.push(`'s Domain length must be under ${MAX_DOMAIN} characters`);
  if (domain !== undefined && !NET_BIOS_DOMAIN.test(domain) && !DNS_DOMAIN.test(domain)) {
    texts.push("'s Domain doesn't match the NetBios nor the DNS format");
  }
  if (user === '') texts.push("'s User cannot be empty");
  else if (user.length > MAX_USER)
    texts.push(`'s User length must not be longer than ${MAX_USER} characters`);
  if (DOTS_AND_SPACES.test(user)) texts.push("'s User cannot contain only periods or spaces");
  if (FORBIDDEN_CHARACTERS.test(user)) {
    texts.push(`'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  }
  return texts;
}
