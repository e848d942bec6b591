import { isCidr, isIp, parseIpv4, parseIpv6 } from '@wheelhouse/shared/meta/ip';

const DATE = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;
const DATE_TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:?\d\d)$/;
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const uuidOf = (version: number, variant: string) =>
  new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`, 'i');
const UUID3 = uuidOf(3, '[0-9a-f]');
const UUID4 = uuidOf(4, '[89ab]');
const UUID5 = uuidOf(5, '[89ab]');
const DURATION_UNITS =
  /^(?:\d+(?:\.\d+)?\s*(?:ns|us|µs|μs|ms|s|sec|secs|second|seconds|m|min|mins|minute|minutes|h|hr|hrs|hour|hours|d|day|days|w|wk|wks|week|weeks)\s*)+$/i;
const EMAIL = /^[^\s@<>()[\]\\,;:"]+@[^\s@<>()[\]\\,;:"]+$/;
/** A single label, or labels whose last is made of letters. Labels have been bounded in length before. */
const HOST_PART = '[a-zA-Z0-9\\p{S}\\p{L}]';
const HOST = new RegExp(
  `^(?:${HOST_PART}(?:-?${HOST_PART}{0,62})?|(?:${HOST_PART}(?:[-a-zA-Z0-9\\p{S}\\p{L}]{0,61}${HOST_PART})?\\.)+[a-zA-Z\\p{L}]{2,63})$`,
  'u',
);
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const MAC = /^(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4,18}[0-9a-f]{2}$|^(?:[0-9a-f]{4}\.){2,9}[0-9a-f]{4}$/i;
const RGB_PART = '\\s*(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)\\s*';
const RGB = new RegExp(`^rgb\\(${RGB_PART},${RGB_PART},${RGB_PART}\\)$`);

/** The formats of texts that Kubernetes checks; others are hints. A text has been bounded in length before. */
const TEXT_FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: (text) => /^[0-9a-f]{24}$/i.test(text),
  uri: isUri,
  email: (text) => text.length <= 320 && EMAIL.test(text),
  hostname: (text) =>
    text.length <= 255 && text.split('.').every(({ length }) => length <= 63) && HOST.test(text),
  ipv4: (text) => parseIpv4(text) !== undefined,
  ipv6: (text) => parseIpv6(text) !== undefined,
  ip: isIp,
  cidr: isCidr,
  mac: (text) => text.length <= 60 && MAC.test(text),
  uuid: (text) => UUID.test(text),
  uuid3: (text) => UUID3.test(text),
  uuid4: (text) => UUID4.test(text),
  uuid5: (text) => UUID5.test(text),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCardNumber,
  ssn: (text) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  hexcolor: (text) => /^#?(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(text),
  rgbcolor: (text) => text.length < 100 && RGB.test(text),
  byte: (text) => BASE64.test(text),
  password: () => true,
  date: (text) => DATE.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)),
  duration: (text) => text.length <= 200 && DURATION_UNITS.test(text),
  'date-time': isDateTime,
  datetime: isDateTime,
};

/** Whether a format is one of those of texts that are checked. */
export function isTextFormat(format: string): boolean {
  return Object.hasOwn(TEXT_FORMATS, format);
}

/** False only for a text that breaks a format which is checked. */
export function matchesFormat(format: string, text: string): boolean {
  const check = Object.hasOwn(TEXT_FORMATS, format) ? TEXT_FORMATS[format] : undefined;
  return check === undefined || check(text);
}

/** False only for a number beyond what its format holds. */
export function fitsNumberFormat(format: string, value: number | bigint): boolean {
  switch (format) {
    case 'int32':
      return value >= -(2 ** 31) && value < 2 ** 31;
    case 'uint32':
      return value >= 0 && value < 2 ** 32;
    case 'int64':
      return value >= -(2 ** 63) && value < 2 ** 63;
    case 'uint64':
      return value >= 0 && value < 2 ** 64;
    case 'float':
      return Math.abs(Number(value)) <= 3.4028234663852886e38;
    default:
      return true;
  }
}

function isDateTime(text: string): boolean {
  return text.length < 100 && DATE_TIME.test(text);
}

function isUri(text: string): boolean {
  if (text.startsWith('/')) return !/[\s<>"{}|\\^`]/.test(text);
  try {
    new URL(text);
    return true;
  } catch {
    return false;
  }
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '');
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  const sum = [...digits].reduce(
    (total, digit, i) => total + (10 - i) * (digit === 'X' ? 10 : Number(digit)),
    0,
  );
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '');
  if (!/^\d{13}$/.test(digits)) return false;
  return [...digits].reduce((total, digit, i) => total + Number(digit) * (i % 2 ? 3 : 1), 0) % 10 === 0;
}

function isCardNumber(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  if (digits.length < 13 || digits.length > 19) return false;
  const sum = [...digits].reverse().reduce((total, digit, i) => {
    const doubled = Number(digit) * (i % 2 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}
