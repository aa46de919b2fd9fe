/** What the child writes and the test expects. */
const second = 1_000_000_000n;

/** 20 s apart, out of order within stretches of three hours, so that late rows meet days that are cold already. */
export const timeOf = (number: number): bigint => BigInt(number ^ 0x155) * 20n * second;

export const broughtTag = 9;
export const pieceRows = 900;
export const numbersOfPiece = (piece: number): number => piece;
/** Over three days. */
export const broughtTime = (piece: number, row: number): bigint => BigInt(row) * 300n * second + BigInt(piece);
