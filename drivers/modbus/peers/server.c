/* An independent Modbus TCP server, libmodbus. Prints its port, then serves until its standard input ends. */
#include <errno.h>
#include <modbus.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void set_words(uint16_t *to, float value, int swap_words, int swap_bytes) {
	uint32_t bits;
	memcpy(&bits, &value, 4);
	uint16_t words[2] = {bits >> 16, bits & 0xffff};
	for (int i = 0; i < 2; i++) {
		uint16_t word = words[swap_words ? 1 - i : i];
		to[i] = swap_bytes ? (uint16_t)(word << 8 | word >> 8) : word;
	}
}

int main(void) {
	modbus_t *context = modbus_new_tcp("127.0.0.1", 0);
	modbus_mapping_t *memory = modbus_mapping_new(64, 32, 300, 200);
	if (!context || !memory) return 1;
	for (int i = 0; i < 200; i++) memory->tab_input_registers[i] = i * 3;
	for (int i = 0; i < 32; i++) memory->tab_input_bits[i] = i % 3 == 0;
	/* By hand: modbus_set_float_abcd of libmodbus 3.1.6 swaps the bytes of each word. */
	set_words(memory->tab_registers + 100, 50.0f, 0, 0);
	set_words(memory->tab_registers + 110, -12.75f, 1, 0);
	set_words(memory->tab_registers + 120, 1234.5f, 0, 1);
	set_words(memory->tab_registers + 130, 0.001f, 1, 1);

	int listener = modbus_tcp_listen(context, 4);
	struct sockaddr_in bound;
	socklen_t length = sizeof bound;
	if (listener < 0 || getsockname(listener, (struct sockaddr *)&bound, &length) < 0) return 1;
	printf("%d\n", ntohs(bound.sin_port));
	fflush(stdout);

	int client = -1;
	for (;;) {
		struct pollfd waiting[3] = {{0, POLLIN, 0}, {listener, POLLIN, 0}, {client, POLLIN, 0}};
		if (poll(waiting, client < 0 ? 2 : 3, -1) < 0) break;
		if (waiting[0].revents) break;
		if (waiting[1].revents & POLLIN) {
			if (client >= 0) close(client);
			client = accept(listener, NULL, NULL);
			modbus_set_socket(context, client);
			continue;
		}
		if (client >= 0 && waiting[2].revents) {
			uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
			int received = modbus_receive(context, query);
			if (received > 0) modbus_reply(context, query, received, memory);
			else if (received < 0) {
				close(client);
				client = -1;
			}
		}
	}
	modbus_mapping_free(memory);
	modbus_free(context);
	return 0;
}
