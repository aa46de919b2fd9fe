/* An independent Modbus TCP client, libmodbus: reads and writes everything a server of ours should know.
   Usage: client PORT UNIT. One line of "name result" a step. */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **given) {
	if (count != 3) return 2;
	modbus_t *context = modbus_new_tcp("127.0.0.1", atoi(given[1]));
	modbus_set_slave(context, atoi(given[2]));
	modbus_set_response_timeout(context, 2, 0);
	if (modbus_connect(context) < 0) return 1;
	uint16_t words[125];
	uint8_t bits[2000];
	int done;

	done = modbus_read_registers(context, 10, 3, words);
	printf("read-holding %d %d %d\n", done, words[0], words[2]);
	done = modbus_read_registers(context, 0, 125, words);
	printf("read-all %d\n", done);
	done = modbus_read_input_registers(context, 4, 1, words);
	printf("read-input %d %d\n", done, words[0]);
	done = modbus_read_bits(context, 0, 11, bits);
	printf("read-coils %d", done);
	for (int i = 0; i < 11; i++) printf("%d", bits[i]);
	done = modbus_read_input_bits(context, 6, 2, bits);
	printf("\nread-discrete %d %d%d\n", done, bits[0], bits[1]);
	done = modbus_write_register(context, 20, 4711);
	printf("write-register %d\n", done);
	uint16_t many[3] = {1, 2, 65535};
	done = modbus_write_registers(context, 21, 3, many);
	printf("write-registers %d\n", done);
	done = modbus_write_bit(context, 3, 1);
	printf("write-coil %d\n", done);
	uint8_t row[10] = {1, 0, 1, 1, 0, 0, 1, 0, 1, 1};
	done = modbus_write_bits(context, 20, 10, row);
	printf("write-coils %d\n", done);
	done = modbus_mask_write_register(context, 30, 0x00f2, 0x0025);
	printf("mask-write %d\n", done);
	done = modbus_write_and_read_registers(context, 31, 2, many, 30, 2, words);
	printf("write-and-read %d %d\n", done, words[1]);
	int refused = modbus_read_registers(context, 499, 2, words);
	printf("beyond %d %d\n", refused, errno - MODBUS_ENOBASE);
	modbus_close(context);
	modbus_free(context);
	return 0;
}
