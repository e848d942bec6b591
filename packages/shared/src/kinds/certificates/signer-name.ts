import { complaints, type FieldError, invalidValue, required, tooLong } from '../../meta/field-error';
import { dns1123Subdomain } from '../../meta/names';

const MAX_SIGNER_NAME = 571;

/** `example.com/signer`: a domain and a name below it. */
export function validateSignerName(name: string, field: string): FieldError[] {
  if (name === '') return [required(field)];
  const [domain = '', path = '', more] = name.split('/');
  if (more !== undefined || path === '') {
    return [
      invalidValue(
        field,
        name,
        "must be a fully qualified domain and path of the form 'example.com/signer-name'",
      ),
    ];
  }
  const errors = complaints(field, domain, dns1123Subdomain(domain));
  if (errors.length === 0 && !domain.includes('.')) {
    errors.push(
      invalidValue(field, domain, 'should be a domain with at least two segments separated by dots'),
    );
  }
  errors.push(...complaints(field, path, dns1123Subdomain(path)));
  if (name.length > MAX_SIGNER_NAME) errors.push(tooLong(field, MAX_SIGNER_NAME));
  return errors;
}
