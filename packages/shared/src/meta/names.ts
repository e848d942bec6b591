/**
 * The rules for names in Kubernetes. Each returns the complaints in Kubernetes' words; none means valid.
 */
const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const DNS1035_TEXT =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const QUALIFIED_TEXT =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const DNS1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED})?`;

// Written without nested repetition where names are long, so that hostile input stays linear.
const LABEL_RE = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const DNS1035_RE = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED_RE = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

const maxLength = (length: number) => `must be no more than ${length} characters`;
const regexText = (text: string, pattern: string, ...examples: string[]) =>
  examples.length
    ? `${text} (e.g. ${examples.map((example) => `'${example}'`).join(',  or ')}, regex used for validation is '${pattern}')`
    : `${text} (regex used for validation is '${pattern}')`;

/** One DNS label: at most 63 lower-case characters, digits and dashes. */
export function dns1123Label(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 63) errors.push(maxLength(63));
  if (!LABEL_RE.test(value)) errors.push(regexText(LABEL_TEXT, LABEL, 'my-name', '123-abc'));
  return errors;
}

/** DNS labels joined by dots, at most 253 characters: what most object names must be. */
export function dns1123Subdomain(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 253) errors.push(maxLength(253));
  if (!value.split('.').every((label) => LABEL_RE.test(label))) {
    errors.push(regexText(SUBDOMAIN_TEXT, SUBDOMAIN, 'example.com'));
  }
  return errors;
}

const WILDCARD_TEXT =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";

/** `*.example.com`: every host one level below. */
export function wildcardSubdomain(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 253) errors.push(maxLength(253));
  if (
    !value.startsWith('*.') ||
    !value
      .slice(2)
      .split('.')
      .every((label) => LABEL_RE.test(label))
  ) {
    errors.push(regexText(WILDCARD_TEXT, `\\*\\.${SUBDOMAIN}`, '*.example.com'));
  }
  return errors;
}

/** A DNS label that begins with a letter: names of services. */
export function dns1035Label(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 63) errors.push(maxLength(63));
  if (!DNS1035_RE.test(value)) errors.push(regexText(DNS1035_TEXT, DNS1035, 'my-name', 'abc-123'));
  return errors;
}

/** `[prefix/]name`: keys of labels, annotations, taints; names of resources. */
export function qualifiedName(value: string): string[] {
  const parts = value.split('/');
  let name = value;
  const errors: string[] = [];
  if (parts.length === 2) {
    const [prefix = ''] = parts;
    name = parts[1] ?? '';
    if (prefix === '') errors.push('prefix part must be non-empty');
    else errors.push(...dns1123Subdomain(prefix).map((text) => `prefix part ${text}`));
  } else if (parts.length > 2) {
    return [
      `a qualified name ${regexText(QUALIFIED_TEXT, QUALIFIED, 'MyName', 'my.name', '123-abc')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  if (name === '') errors.push('name part must be non-empty');
  else if (name.length > 63) errors.push(`name part ${maxLength(63)}`);
  if (!QUALIFIED_RE.test(name)) {
    errors.push(`name part ${regexText(QUALIFIED_TEXT, QUALIFIED, 'MyName', 'my.name', '123-abc')}`);
  }
  return errors;
}

export function labelValue(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 63) errors.push(maxLength(63));
  if (value !== '' && !QUALIFIED_RE.test(value)) {
    errors.push(
      regexText(
        `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`,
        LABEL_VALUE,
        'MyValue',
        'my_value',
        '12345',
      ),
    );
  }
  return errors;
}

/** What may stand between two slashes of a URL: names of RBAC objects. */
export function pathSegment(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  const errors: string[] = [];
  for (const part of ['/', '%']) if (value.includes(part)) errors.push(`may not contain '${part}'`);
  return errors;
}

/** Names of environment variables as they were before 1.34 relaxed them: C identifiers with dots and dashes. */
export function envVarName(value: string): string[] {
  const errors: string[] = [];
  if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(value)) {
    errors.push(
      regexText(
        "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
        '[-._a-zA-Z][-._a-zA-Z0-9]*',
        'my.env-name',
        'MY_ENV.NAME',
        'MyEnvName1',
      ),
    );
  }
  errors.push(...chdirRule(value));
  return errors;
}

/** Keys of config maps and secrets; they become file names. */
export function configKey(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 253) errors.push(maxLength(253));
  if (!/^[-._a-zA-Z0-9]+$/.test(value)) {
    errors.push(
      regexText(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        '[-._a-zA-Z0-9]+',
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    );
  }
  errors.push(...chdirRule(value));
  return errors;
}

function chdirRule(value: string): string[] {
  if (value === '.') return [`must not be '.'`];
  if (value === '..') return [`must not be '..'`];
  return value.startsWith('..') ? [`must not start with '..'`] : [];
}

/** Names of ports: IANA service names. */
export function portName(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 15) errors.push(maxLength(15));
  if (!/^[-a-z0-9]+$/.test(value))
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) errors.push('must contain at least one letter (a-z)');
  if (value.includes('--')) errors.push('must not contain consecutive hyphens');
  if (value !== '' && (value.startsWith('-') || value.endsWith('-'))) {
    errors.push('must not begin or end with a hyphen');
  }
  return errors;
}

export function portNumber(value: number): string[] {
  return value >= 1 && value <= 65535 ? [] : ['must be between 1 and 65535, inclusive'];
}

/** Complaints about an object's name under a kind's rule. With `prefix` it is a generateName, which may end in a dash. */
export function objectName(
  rule: 'dns-subdomain' | 'dns-label' | 'dns-1035-label' | 'path-segment',
  value: string,
  options: { prefix?: boolean } = {},
): string[] {
  // As Kubernetes masks it: what stands before the dash is not looked at either.
  const name = options.prefix && /.-$/.test(value) ? `${value.slice(0, -2)}a` : value;
  switch (rule) {
    case 'dns-subdomain':
      return dns1123Subdomain(name);
    case 'dns-label':
      return dns1123Label(name);
    case 'dns-1035-label':
      return dns1035Label(name);
    case 'path-segment':
      return pathSegment(name);
  }
}
