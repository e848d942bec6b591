import { describe, expect, it } from 'vitest';
import { validateWindowsOptions } from './windows';

describe('who a container on Windows runs as', () => {
  it.each([
    ['ContainerAdministrator', []],
    ['domain\\user', []],
    ['example.com\\user', []],
    ['', ['runAsUserName cannot be an empty string']],
    ['a\\b\\c', ['runAsUserName cannot contain more than one backslash']],
    ['a\u0007', ['runAsUserName cannot contain control characters']],
    ['\\u', ["runAsUserName's Domain doesn't match the NetBios nor the DNS format"]],
    ['domain\\', ["runAsUserName's User cannot be empty"]],
    ['. .', ["runAsUserName's User cannot contain only periods or spaces"]],
    ['a:b', [`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`]],
  ])('%j', (runAsUserName, texts) => {
    const errors = validateWindowsOptions({ runAsUserName }, 'at');
    expect(errors.map(({ message }) => message.slice(message.indexOf(': ', 14) + 2))).toEqual(texts);
    for (const { field } of errors) expect(field).toBe('at.runAsUserName');
  });

  it('names a credential', () => {
    const options = { gmsaCredentialSpec: '', gmsaCredentialSpecName: 'A b' };
    expect(validateWindowsOptions(options, 'at').map(({ field }) => field)).toEqual([
      'at.gmsaCredentialSpecName',
      'at.gmsaCredentialSpec',
    ]);
  });
});
