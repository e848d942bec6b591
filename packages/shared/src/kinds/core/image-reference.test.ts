import { describe, expect, it } from 'vitest';
import { imageTag } from './image-reference';

const DIGEST = `sha256:${'0'.repeat(64)}`;

describe('the tag of an image', () => {
  it.each([
    ['nginx', 'latest'],
    ['nginx:1.27', '1.27'],
    ['localhost:5000/a/b', 'latest'],
    ['example.com:5000/a:latest', 'latest'],
    [`nginx@${DIGEST}`, ''],
    [`nginx:latest@${DIGEST}`, 'latest'],
    ['', undefined],
    [' ', undefined],
    ['A_b!', undefined],
    ['Nginx', undefined],
    ['nginx:', undefined],
    ['nginx@sha256:0', undefined],
    ['-a/b', undefined],
    ['0'.repeat(64), undefined],
  ])('%j has %j', (image, tag) => {
    expect(imageTag(image)).toBe(tag);
  });
});
