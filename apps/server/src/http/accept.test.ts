import { describe, expect, it } from 'vitest';
import { parseAccept } from './accept';
import { encodingFor, negotiate, requireProducible } from './negotiation';

const stored = { protobuf: true, custom: false };
const custom = { protobuf: false, custom: true };
const TABLE = 'as=Table;v=v1;g=meta.k8s.io';

describe('an Accept header', () => {
  it('is read in the order of its weights, wildcards last', () => {
    const types = (header: string) => parseAccept(header).map(({ type }) => type);
    expect(types('a/b;q=0.1,c/d;q=0.9')).toEqual(['c/d', 'a/b']);
    expect(types('*/*,a/*,a/b')).toEqual(['a/b', 'a/*', '*/*']);
    expect(types('a/b;q=zero,c/d;q=0.5')).toEqual(['c/d', 'a/b']);
    expect(types('json,a/b/c,/,*')).toEqual(['*/*']);
  });

  it.each([
    ['application/json;q=0', 'json'],
    ['application/xml, */*;q=0.1', 'json'],
    ['application/json;q=0.1,application/yaml;q=0.9', 'yaml'],
    ['application/json;pretty=1;foo=bar', 'json'],
    ['application/json;as=Wrong;v=v1;g=meta.k8s.io,application/json', 'json'],
    [`*/*;${TABLE}`, 'table'],
    [`application/yaml;${TABLE}`, 'table'],
    [`application/vnd.kubernetes.protobuf;${TABLE},application/json`, 'json'],
    ['application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io', 'partial'],
    ['application/json;stream=watch', 'json'],
  ])('%s chooses %s', (header, form) => {
    expect(negotiate(header, stored).form).toBe(form);
  });

  it.each([
    'application/*',
    'text/*',
    'APPLICATION/JSON',
    'json',
    'application/json;v=v1',
    'application/json;as=Table',
    'application/json;stream=events',
    'application/yaml;stream=watch',
    `application/vnd.kubernetes.protobuf;${TABLE}`,
  ])('%s accepts nothing of what there is', (header) => {
    expect(() => negotiate(header, stored)).toThrow(expect.objectContaining({ code: 406 }));
  });

  it('of a custom resource may say application/*, but not protobuf', () => {
    expect(negotiate('application/*', custom).form).toBe('json');
    expect(() => negotiate('application/vnd.kubernetes.protobuf', custom)).toThrow('only the following');
  });

  it('is looked at literally before all else', () => {
    expect(() => requireProducible('application/xml,application/yaml;q=0')).not.toThrow();
    expect(() => requireProducible('application/yaml', ['application/json'])).toThrow('406: Not Acceptable');
  });

  it('that asks for a table alone does not accept the thing itself', () => {
    expect(encodingFor(`application/yaml;${TABLE}`)).toBeUndefined();
    expect(encodingFor(`application/yaml;${TABLE},application/yaml`)).toBe('yaml');
  });
});
