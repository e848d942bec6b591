import { describe, expect, it } from 'vitest';
import { validateWebhookUrl } from './webhook-client';

describe('the URL of a webhook', () => {
  it.each([
    ['https://hooks.example.com/admit', []],
    ['https://[::1]:8443', []],
    ['', ['Invalid', 'Invalid']],
    ['http://x', ['Invalid']],
    ['hooks/admit', ['Invalid', 'Invalid']],
    ['https://', ['Invalid']],
    ['https://a:b@x', ['Invalid']],
    ['https://x?a', ['Invalid']],
    ['https://x#a', ['Invalid']],
    ['::1', ['Required']],
    ['1.2.3.4:443', ['Required']],
    ['https://x/50%', ['Required']],
    ['https://a b', ['Required']],
    ['https://x:y', ['Required']],
  ])('%j: %j', (url, reasons) => {
    expect(validateWebhookUrl(url, 'url').map(({ reason }) => reason.replace('FieldValue', ''))).toEqual(
      reasons,
    );
  });
});
