/**
 * The program of the sandbox container, as machine code, so that no image has to be pulled to hold a pod's
 * network: it blocks TERM, INT and CHLD, then waits for one of them for ever. CHLD: reap all dead children (it
 * may be process 1 of a shared process namespace); TERM or INT: exit 0; anything else: wait again.
 * A signal that is blocked reaches process 1 although its default action would be ignored there.
 */

/** Bits for INT (2), TERM (15), CHLD (17), as the kernel counts from 1. */
const SIGNAL_MASK = (1n << 1n) | (1n << 14n) | (1n << 16n);
const SIGCHLD = 17;
const LOAD_ADDRESS = 0x400000n;
const HEADERS_SIZE = 64 + 56;

export type PauseArchitecture = 'x64' | 'arm64';

/** A complete static ELF executable of under 300 bytes. */
export function pauseBinary(architecture: PauseArchitecture): Buffer {
  const code = architecture === 'x64' ? codeForX64() : codeForArm64();
  const file = Buffer.alloc(HEADERS_SIZE + code.length);
  code.copy(file, HEADERS_SIZE);
  // ELF header: magic, 64 bit, little endian, version 1, System V.
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0], 0);
  file.writeUInt16LE(2, 16); // executable
  file.writeUInt16LE(architecture === 'x64' ? 62 : 183, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(LOAD_ADDRESS + BigInt(HEADERS_SIZE), 24); // entry
  file.writeBigUInt64LE(64n, 32); // program headers
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  // One program header: load the whole file, readable and executable.
  file.writeUInt32LE(1, 64);
  file.writeUInt32LE(5, 68);
  file.writeBigUInt64LE(0n, 72);
  file.writeBigUInt64LE(LOAD_ADDRESS, 80);
  file.writeBigUInt64LE(LOAD_ADDRESS, 88);
  file.writeBigUInt64LE(BigInt(file.length), 96);
  file.writeBigUInt64LE(BigInt(file.length), 104);
  file.writeBigUInt64LE(0x10000n, 112);
  return file;
}

function mask(): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(SIGNAL_MASK);
  return bytes;
}

function codeForX64(): Buffer {
  // Offsets are counted from the start of the code; the mask lies behind it.
  const instructions: number[] = [];
  const emit = (...bytes: number[]) => instructions.push(...bytes);
  const movEax = (value: number) => emit(0xb8, value & 0xff, (value >> 8) & 0xff, 0, 0);
  const syscall = () => emit(0x0f, 0x05);
  const maskUses: number[] = [];
  const leaRsiMask = () => {
    emit(0x48, 0x8d, 0x35, 0, 0, 0, 0);
    maskUses.push(instructions.length);
  };
  const leaRdiMask = () => {
    emit(0x48, 0x8d, 0x3d, 0, 0, 0, 0);
    maskUses.push(instructions.length);
  };
  const jumpBack = (opcode: number, target: number) =>
    emit(opcode, (target - (instructions.length + 2)) & 0xff);

  movEax(14); // rt_sigprocmask(SIG_BLOCK, mask, NULL, 8)
  emit(0x31, 0xff); // xor edi, edi
  leaRsiMask();
  emit(0x31, 0xd2); // xor edx, edx
  emit(0x41, 0xba, 8, 0, 0, 0); // mov r10d, 8
  syscall();
  const wait = instructions.length;
  movEax(128); // rt_sigtimedwait(mask, NULL, NULL, 8)
  leaRdiMask();
  emit(0x31, 0xf6); // xor esi, esi
  emit(0x31, 0xd2);
  emit(0x41, 0xba, 8, 0, 0, 0);
  syscall();
  emit(0x83, 0xf8, SIGCHLD); // cmp eax, SIGCHLD
  emit(0x74, 0x0d); // je reap
  emit(0x85, 0xc0); // test eax, eax
  jumpBack(0x78, wait); // js wait: interrupted
  movEax(60); // exit(0)
  emit(0x31, 0xff);
  syscall();
  const reap = instructions.length;
  movEax(61); // wait4(-1, NULL, WNOHANG, NULL)
  emit(0x48, 0xc7, 0xc7, 0xff, 0xff, 0xff, 0xff); // mov rdi, -1
  emit(0x31, 0xf6);
  emit(0xba, 1, 0, 0, 0); // mov edx, 1
  emit(0x45, 0x31, 0xd2); // xor r10d, r10d
  syscall();
  emit(0x85, 0xc0);
  jumpBack(0x7f, reap); // jg reap: there may be more
  jumpBack(0xeb, wait);

  const code = Buffer.from(instructions);
  for (const end of maskUses) code.writeInt32LE(code.length - end, end - 4);
  return Buffer.concat([code, mask()]);
}

function codeForArm64(): Buffer {
  const words: number[] = [];
  const emit = (word: number) => words.push(word >>> 0);
  const movz = (register: number, value: number) => emit(0xd2800000 + value * 32 + register);
  const syscall = (number: number) => {
    movz(8, number);
    emit(0xd4000001);
  };
  const maskUses: { at: number; register: number }[] = [];
  const adrMask = (register: number) => {
    maskUses.push({ at: words.length, register });
    emit(0);
  };
  const conditional = (condition: number, target: number) =>
    emit(0x54000000 + ((target - words.length) & 0x7ffff) * 32 + condition);
  const EQ = 0x0;
  const LT = 0xb;
  const GT = 0xc;

  movz(0, 0); // rt_sigprocmask(SIG_BLOCK, mask, NULL, 8)
  adrMask(1);
  movz(2, 0);
  movz(3, 8);
  syscall(135);
  const wait = words.length;
  adrMask(0); // rt_sigtimedwait(mask, NULL, NULL, 8)
  movz(1, 0);
  movz(2, 0);
  movz(3, 8);
  syscall(137);
  emit(0xf100001f + SIGCHLD * 1024); // cmp x0, SIGCHLD
  const toReap = words.length;
  emit(0);
  emit(0xf100001f); // cmp x0, 0
  conditional(LT, wait);
  movz(0, 0);
  syscall(93);
  const reap = words.length;
  emit(0x92800000); // mov x0, -1
  movz(1, 0);
  movz(2, 1);
  movz(3, 0);
  syscall(260);
  emit(0xf100001f);
  conditional(GT, reap);
  emit(0x14000000 + ((wait - words.length) & 0x3ffffff));

  words[toReap] = (0x54000000 + (reap - toReap) * 32 + EQ) >>> 0;
  for (const { at, register } of maskUses) {
    const offset = (words.length - at) * 4;
    words[at] = (0x10000000 + (offset >> 2) * 32 + register) >>> 0;
  }
  const code = Buffer.alloc(words.length * 4);
  words.forEach((word, index) => {
    code.writeUInt32LE(word, index * 4);
  });
  return Buffer.concat([code, mask()]);
}
