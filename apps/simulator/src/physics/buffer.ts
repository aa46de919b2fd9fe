/** Parts waiting between two machines of a line. */
export interface Buffer {
	count: number;
	readonly capacity: number;
}

export const createBuffer = (capacity: number, count = 0): Buffer => ({ capacity, count });
