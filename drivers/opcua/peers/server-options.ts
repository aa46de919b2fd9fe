export interface PeerOptions {
	port: number;
	/** Certificates of the server. */
	folder: string;
	/** All policies and modes, or None alone. */
	secured: boolean;
	anonymous: boolean;
	/** Accepts unknown client certificates. */
	trustsClients: boolean;
	/** Namespaces registered before the plant's: moves its number. */
	namespacesBefore: number;
	/** Put before every node id: other node ids for the same paths. */
	nodePrefix: string;
	mostPerCall: number;
	/** Variables in the folder Many. */
	many: number;
}
