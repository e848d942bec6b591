'use client';
export function Detail() {
  return null;
}
