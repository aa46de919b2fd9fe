/**
 * A tag's full name, `<asset path>/<tag>`, to a small number and back, for columns. The MQTT topic is the root and the
 * name; the root is not part of it, so that renaming the root loses no history. Ids are durable for the life of a data
 * folder and never reused.
 */
export interface TagDirectory {
	/** The full name of an id; throws `core.tag-unknown` for an id that was never given. */
	nameOf(id: number): string;
	idOf(name: string): number | undefined;
	/** The ids of names, given now where there are none; durable before it returns. Many at once cost one fsync. */
	assign(names: readonly string[]): Uint32Array;
	/** How many there are; ids are 1 to size. */
	readonly size: number;
}
