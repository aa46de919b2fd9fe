import { defaultClientTransportFactory, type IClientTransportFactory } from "node-opcua-transport";

/** What the library calls for every piece of bytes from its socket. */
interface SocketReader {
	_on_socket_data(bytes: Buffer): void;
}

/**
 * The library's TCP transport, which throws out of its socket's event when a peer sends nonsense behind the bytes that
 * already ended the connection. There nobody could catch it, and the process would end.
 */
export function guardedTransport(failed: (reason: unknown) => void): IClientTransportFactory {
	return {
		create(settings) {
			const transport = defaultClientTransportFactory.create(settings);
			const reader = transport as unknown as SocketReader;
			const read = reader._on_socket_data.bind(transport);
			reader._on_socket_data = (bytes) => {
				try {
					read(bytes);
				} catch (thrown) {
					transport.forceConnectionBreak();
					failed(thrown);
				}
			};
			return transport;
		},
	};
}
