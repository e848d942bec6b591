import type { IngressBackend } from 'kubernetes-types/networking/v1';
import { complaints, type FieldError, invalidValue, required } from '../../meta/field-error';
import { dns1035Label, dns1123Subdomain, pathSegment, portName, portNumber } from '../../meta/names';

/** Where traffic goes: a port of a service, or an object that the ingress controller knows. */
export function validateBackend(backend: IngressBackend | undefined, path: string): FieldError[] {
  const { resource, service } = backend ?? {};
  if (resource && service) return [invalidValue(path, '', 'cannot set both resource and service backends')];
  if (resource) return validateTypedReference(resource, `${path}.resource`);
  if (!service) return [invalidValue(path, '', 'resource or service backend is required')];
  const at = `${path}.service`;
  const errors: FieldError[] = [];
  const name = service.name ?? '';
  if (name === '') errors.push(required(`${at}.name`));
  else errors.push(...complaints(`${at}.name`, name, dns1035Label(name)));
  const port = service.port ?? {};
  if (port.name && port.number)
    errors.push(invalidValue(path, '', 'cannot set both port name & port number'));
  else if (port.name) errors.push(...complaints(`${at}.port.name`, port.name, portName(port.name)));
  else if (port.number) errors.push(...complaints(`${at}.port.number`, port.number, portNumber(port.number)));
  else errors.push(required(path, 'port name or number is required'));
  return errors;
}

/** A reference by group, kind and name. */
export function validateTypedReference(
  { apiGroup, kind = '', name = '' }: { apiGroup?: string; kind?: string; name?: string },
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (apiGroup !== undefined)
    errors.push(...complaints(`${path}.apiGroup`, apiGroup, dns1123Subdomain(apiGroup)));
  if (kind === '') errors.push(required(`${path}.kind`, 'kind is required'));
  else errors.push(...complaints(`${path}.kind`, kind, pathSegment(kind)));
  if (name === '') errors.push(required(`${path}.name`, 'name is required'));
  else errors.push(...complaints(`${path}.name`, name, pathSegment(name)));
  return errors;
}
