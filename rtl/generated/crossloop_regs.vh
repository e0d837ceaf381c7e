// Generated from rtl/registers.def by crossloop_print_registers; do not edit.
`ifndef CROSSLOOP_REGS_VH
`define CROSSLOOP_REGS_VH

// Registers: byte offset and value after reset
`define CROSSLOOP_REG_ID 12'h0  // magic number, 'XLP1'
`define CROSSLOOP_RESET_ID 32'h584c5031  // after reset
`define CROSSLOOP_REG_VERSION 12'h4  // version of this map
`define CROSSLOOP_RESET_VERSION 32'h1  // after reset
`define CROSSLOOP_REG_ROWS 12'h8  // word lines of a page
`define CROSSLOOP_REG_COLS 12'hc  // bit lines of a page
`define CROSSLOOP_REG_CODE_WIDTH 12'h10  // bits of a conductance code, W
`define CROSSLOOP_REG_PAGES 12'h14  // resident pages
`define CROSSLOOP_REG_WINDOW_WORDS 12'h18  // words of the staging window, descriptor ring included
`define CROSSLOOP_REG_MAX_OUTPUTS 12'h1c  // accumulators
`define CROSSLOOP_REG_CTRL 12'h20  // control, reads as 0
`define CROSSLOOP_RESET_CTRL 32'h0  // after reset
`define CROSSLOOP_REG_STATUS 12'h24  // live status
`define CROSSLOOP_RESET_STATUS 32'h1  // after reset
`define CROSSLOOP_REG_DOORBELL 12'h28  // descriptors submitted since reset
`define CROSSLOOP_RESET_DOORBELL 32'h0  // after reset
`define CROSSLOOP_REG_COMPLETED 12'h2c  // descriptors done since reset
`define CROSSLOOP_RESET_COMPLETED 32'h0  // after reset
`define CROSSLOOP_REG_ERROR 12'h30  // what was wrong with descriptor ERROR_INDEX, 0: nothing
`define CROSSLOOP_RESET_ERROR 32'h0  // after reset
`define CROSSLOOP_REG_ERROR_INDEX 12'h34  // number of the bad descriptor
`define CROSSLOOP_RESET_ERROR_INDEX 32'h0  // after reset
`define CROSSLOOP_REG_OPCODES 12'h38  // highest opcode; not mapped in cores that end at ADD
`define CROSSLOOP_RESET_OPCODES 32'hc  // after reset
`define CROSSLOOP_REG_MAX_INPUTS 12'h3c  // bytes of the longest vector of a CONVOLVE
`define CROSSLOOP_REG_CYCLES_BUSY_LO 12'h40  // clock cycles not idle, bits 31:0
`define CROSSLOOP_RESET_CYCLES_BUSY_LO 32'h0  // after reset
`define CROSSLOOP_REG_CYCLES_BUSY_HI 12'h44  // bits 63:32
`define CROSSLOOP_RESET_CYCLES_BUSY_HI 32'h0  // after reset
`define CROSSLOOP_REG_COLUMN_READS_LO 12'h48  // column reads, those of skipped phases included
`define CROSSLOOP_RESET_COLUMN_READS_LO 32'h0  // after reset
`define CROSSLOOP_REG_COLUMN_READS_HI 12'h4c  // bits 63:32
`define CROSSLOOP_RESET_COLUMN_READS_HI 32'h0  // after reset
`define CROSSLOOP_REG_CONVERSIONS_LO 12'h50  // ADC conversions
`define CROSSLOOP_RESET_CONVERSIONS_LO 32'h0  // after reset
`define CROSSLOOP_REG_CONVERSIONS_HI 12'h54  // bits 63:32
`define CROSSLOOP_RESET_CONVERSIONS_HI 32'h0  // after reset
`define CROSSLOOP_REG_CLIPPED_LOW_LO 12'h58  // conversions below the lower rail
`define CROSSLOOP_RESET_CLIPPED_LOW_LO 32'h0  // after reset
`define CROSSLOOP_REG_CLIPPED_LOW_HI 12'h5c  // bits 63:32
`define CROSSLOOP_RESET_CLIPPED_LOW_HI 32'h0  // after reset
`define CROSSLOOP_REG_CLIPPED_HIGH_LO 12'h60  // conversions above the upper rail
`define CROSSLOOP_RESET_CLIPPED_HIGH_LO 32'h0  // after reset
`define CROSSLOOP_REG_CLIPPED_HIGH_HI 12'h64  // bits 63:32
`define CROSSLOOP_RESET_CLIPPED_HIGH_HI 32'h0  // after reset
`define CROSSLOOP_REG_CYCLES_STALLED_LO 12'h68  // clock cycles not idle in which no tile ran
`define CROSSLOOP_RESET_CYCLES_STALLED_LO 32'h0  // after reset
`define CROSSLOOP_REG_CYCLES_STALLED_HI 12'h6c  // bits 63:32
`define CROSSLOOP_RESET_CYCLES_STALLED_HI 32'h0  // after reset
`define CROSSLOOP_REG_PHASES_SKIPPED_LO 12'h70  // phases without a driven row that were skipped
`define CROSSLOOP_RESET_PHASES_SKIPPED_LO 32'h0  // after reset
`define CROSSLOOP_REG_PHASES_SKIPPED_HI 12'h74  // bits 63:32
`define CROSSLOOP_RESET_PHASES_SKIPPED_HI 32'h0  // after reset
`define CROSSLOOP_REG_IRQ_ENABLE 12'h78  // what raises irq_o
`define CROSSLOOP_RESET_IRQ_ENABLE 32'h0  // after reset
`define CROSSLOOP_REG_IRQ_ACK 12'h7c  // completed descriptors that the host has seen
`define CROSSLOOP_RESET_IRQ_ACK 32'h0  // after reset
`define CROSSLOOP_REG_ADCS 12'h80  // bit lines that a tile reads per cycle
`define CROSSLOOP_REG_STREAM_WRITE 12'h84  // window word of the next word in; not mapped in cores without streams
`define CROSSLOOP_RESET_STREAM_WRITE 32'h0  // after reset
`define CROSSLOOP_REG_STREAM_READ 12'h88  // window word of the next word out
`define CROSSLOOP_RESET_STREAM_READ 32'h0  // after reset
`define CROSSLOOP_REG_STREAM_LENGTH 12'h8c  // words left to send; written, it sends that many
`define CROSSLOOP_RESET_STREAM_LENGTH 32'h0  // after reset
`define CROSSLOOP_REG_STREAM_STATUS 12'h90  // what became of the words in
`define CROSSLOOP_RESET_STREAM_STATUS 32'h0  // after reset
`define CROSSLOOP_REG_ENGINES 12'h94  // tiles; not mapped in cores before it, which have one

// Fields of registers
`define CROSSLOOP_FIELD_CTRL_SOFT_RESET 0:0  // end whatever runs; clear counters, error, statistics, page states
`define CROSSLOOP_FIELD_CTRL_RESTART 1:1  // drop the descriptors in flight and clear the error
`define CROSSLOOP_FIELD_STATUS_IDLE 0:0  // no descriptor runs or waits
`define CROSSLOOP_FIELD_STATUS_ERROR 1:1  // stopped by a bad descriptor
`define CROSSLOOP_FIELD_IRQ_ENABLE_DONE 0:0  // COMPLETED differs from IRQ_ACK
`define CROSSLOOP_FIELD_IRQ_ENABLE_ERROR 1:1  // stopped by a bad descriptor
`define CROSSLOOP_FIELD_STREAM_STATUS_OVERRUN 0:0  // words beyond the window were dropped since STREAM_WRITE was written

// Constants
`define CROSSLOOP_WINDOW_BASE 32'h100000  // byte address of window word 0
`define CROSSLOOP_RING_ENTRIES 32'h8  // descriptors in the ring, most in flight
`define CROSSLOOP_DESCRIPTOR_WORDS 32'h10  // words of a descriptor
`define CROSSLOOP_RING_WORDS 32'h80  // words of the ring; data starts behind it
`define CROSSLOOP_COLUMN_WORDS 32'h5  // words of a column table entry
`define CROSSLOOP_UNUSED_ROW 32'hffff  // row table entry of a word line that is never driven
`define CROSSLOOP_MAX_INPUT_BITS 32'h8  // phases of a vector at most
`define CROSSLOOP_MAX_ADC_BITS 32'hc  // widest ADC code
`define CROSSLOOP_INL_WORDS 32'h40  // words of an INL table, four signed corrections each
`define CROSSLOOP_FLAG_SKIP_ZERO 32'h0  // bit of LAYER FLAGS: a phase without a driven row contributes 0
`define CROSSLOOP_RANGE_WORDS 32'h3  // first words of an output block: zero, low, high
`define CROSSLOOP_CODE_TABLE_WORDS 32'h40  // words of an output table, four codes each
`define CROSSLOOP_SCALE_WORDS 32'h2  // words of a scale: bias, and multiplier (15:0) with shift (21:16)
`define CROSSLOOP_CELL_WORDS 32'h3  // words of a cell record
`define CROSSLOOP_PULSE_WORDS 32'h5  // words of the settings of a write circuit
`define CROSSLOOP_WRITTEN_WORDS 32'h8  // words of the statistics of a WRITE_VERIFY

// Descriptors: opcodes and words
`define CROSSLOOP_OPCODE_NOP 32'h0  // nothing
`define CROSSLOOP_OPCODE_LOAD_PAGE 32'h1  // codes of a page from the window
`define CROSSLOOP_OPCODE_STORE_PAGE 32'h2  // codes of a page into the window
`define CROSSLOOP_OPCODE_LOAD_TABLE 32'h3  // row and column table of a page
`define CROSSLOOP_OPCODE_PROGRAM 32'h4  // target codes of a page
`define CROSSLOOP_OPCODE_COMMIT 32'h5  // end of programming
`define CROSSLOOP_OPCODE_LAYER 32'h6  // vectors through pages into accumulators
`define CROSSLOOP_OPCODE_LOAD_INL 32'h7  // INL table of the ADC of a page, or none
`define CROSSLOOP_OPCODE_CONVOLVE 32'h8  // windows of tensors through pages into tensors
`define CROSSLOOP_OPCODE_MAX_POOL 32'h9  // the largest of each window
`define CROSSLOOP_OPCODE_AVERAGE_POOL 32'ha  // the sum of each window, requantised
`define CROSSLOOP_OPCODE_ADD 32'hb  // two tensors, requantised
`define CROSSLOOP_OPCODE_WRITE_VERIFY 32'hc  // emulated cells, pulse by pulse to their targets
`define CROSSLOOP_WORD_LOAD_PAGE_PAGE 4'h1  // page
`define CROSSLOOP_WORD_LOAD_PAGE_SOURCE 4'h2  // window word of the page image
`define CROSSLOOP_WORD_STORE_PAGE_PAGE 4'h1  // page
`define CROSSLOOP_WORD_STORE_PAGE_TARGET 4'h2  // window word of the page image
`define CROSSLOOP_WORD_LOAD_TABLE_PAGE 4'h1  // page
`define CROSSLOOP_WORD_LOAD_TABLE_SOURCE 4'h2  // window word of the tables
`define CROSSLOOP_WORD_LOAD_TABLE_ROWS 4'h3  // rows used, 1..ROWS
`define CROSSLOOP_WORD_LOAD_TABLE_COLUMNS 4'h4  // columns used, 1..COLS
`define CROSSLOOP_WORD_LOAD_TABLE_CROSSBAR 4'h5  // crossbar id, key of the read noise
`define CROSSLOOP_WORD_PROGRAM_PAGE 4'h1  // page
`define CROSSLOOP_WORD_PROGRAM_SOURCE 4'h2  // window word of the page image
`define CROSSLOOP_WORD_COMMIT_PAGE 4'h1  // page
`define CROSSLOOP_WORD_COMMIT_CROSSBAR 4'h2  // crossbar id, for whoever stands in for the cells
`define CROSSLOOP_WORD_LAYER_FIRST_PAGE 4'h1  // first page
`define CROSSLOOP_WORD_LAYER_PAGES 4'h2  // consecutive pages
`define CROSSLOOP_WORD_LAYER_INPUT 4'h3  // window word of the input vectors
`define CROSSLOOP_WORD_LAYER_INPUT_WORDS 4'h4  // words of one vector
`define CROSSLOOP_WORD_LAYER_OUTPUT 4'h5  // window word of the accumulators
`define CROSSLOOP_WORD_LAYER_OUTPUTS 4'h6  // accumulators of one vector
`define CROSSLOOP_WORD_LAYER_VECTORS 4'h7  // vectors
`define CROSSLOOP_WORD_LAYER_INPUT_BITS 4'h8  // phases, 1..8, least significant bit first
`define CROSSLOOP_WORD_LAYER_FLAGS 4'h9  // bit FLAG_SKIP_ZERO
`define CROSSLOOP_WORD_LAYER_SEED 4'ha  // seed of the read noise
`define CROSSLOOP_WORD_LAYER_FIRST_VECTOR 4'hb  // vector number of the first vector
`define CROSSLOOP_WORD_LOAD_INL_PAGE 4'h1  // page
`define CROSSLOOP_WORD_LOAD_INL_SOURCE 4'h2  // window word of the table; 0 where ENABLE is 0
`define CROSSLOOP_WORD_LOAD_INL_ENABLE 4'h3  // 1: the table applies, 0: the page has none
`define CROSSLOOP_WORD_CONVOLVE_FIRST_PAGE 4'h1  // first page
`define CROSSLOOP_WORD_CONVOLVE_PAGES 4'h2  // consecutive pages
`define CROSSLOOP_WORD_CONVOLVE_INPUT 4'h3  // window word of the input tensors
`define CROSSLOOP_WORD_CONVOLVE_OTHER 4'h4  // window word of the pixel that stands for padding
`define CROSSLOOP_WORD_CONVOLVE_OUTPUT 4'h5  // window word of the output tensors; 0 with STORE_SUMS
`define CROSSLOOP_WORD_CONVOLVE_SCALES 4'h6  // window word of the output block; 0 with STORE_SUMS
`define CROSSLOOP_WORD_CONVOLVE_SUMS 4'h7  // window word of running sums; 0 without ADD_SUMS and STORE_SUMS
`define CROSSLOOP_WORD_CONVOLVE_MODE 4'h8  // flags and images
`define CROSSLOOP_WORD_CONVOLVE_IN_SIZE 4'h9  // of the input
`define CROSSLOOP_WORD_CONVOLVE_DEPTH 4'ha  // channels
`define CROSSLOOP_WORD_CONVOLVE_OUT_SIZE 4'hb  // of the output
`define CROSSLOOP_WORD_CONVOLVE_KERNEL 4'hc  // window and its steps
`define CROSSLOOP_WORD_CONVOLVE_PLACE 4'hd  // where the first window lies
`define CROSSLOOP_WORD_CONVOLVE_SEED 4'he  // seed of the read noise
`define CROSSLOOP_WORD_CONVOLVE_FIRST_VECTOR 4'hf  // vector number of the first window
`define CROSSLOOP_WORD_MAX_POOL_INPUT 4'h3  // window word of the input tensors
`define CROSSLOOP_WORD_MAX_POOL_OUTPUT 4'h5  // window word of the output tensors
`define CROSSLOOP_WORD_MAX_POOL_SCALES 4'h6  // window word of the output block, two scales
`define CROSSLOOP_WORD_MAX_POOL_MODE 4'h8  // flags TABLE and LOGITS, and images
`define CROSSLOOP_WORD_MAX_POOL_IN_SIZE 4'h9  // of the input
`define CROSSLOOP_WORD_MAX_POOL_DEPTH 4'ha  // channels of input and output
`define CROSSLOOP_WORD_MAX_POOL_OUT_SIZE 4'hb  // of the output
`define CROSSLOOP_WORD_MAX_POOL_KERNEL 4'hc  // window and its steps
`define CROSSLOOP_WORD_MAX_POOL_PLACE 4'hd  // where the first window lies
`define CROSSLOOP_WORD_AVERAGE_POOL_INPUT 4'h3  // window word of the input tensors
`define CROSSLOOP_WORD_AVERAGE_POOL_OTHER 4'h4  // zero point of the input, 0..255
`define CROSSLOOP_WORD_AVERAGE_POOL_OUTPUT 4'h5  // window word of the output tensors
`define CROSSLOOP_WORD_AVERAGE_POOL_SCALES 4'h6  // window word of the output block, two scales
`define CROSSLOOP_WORD_AVERAGE_POOL_MODE 4'h8  // flags TABLE and LOGITS, and images
`define CROSSLOOP_WORD_AVERAGE_POOL_IN_SIZE 4'h9  // of the input
`define CROSSLOOP_WORD_AVERAGE_POOL_DEPTH 4'ha  // channels of input and output
`define CROSSLOOP_WORD_AVERAGE_POOL_OUT_SIZE 4'hb  // of the output
`define CROSSLOOP_WORD_AVERAGE_POOL_KERNEL 4'hc  // window and its steps
`define CROSSLOOP_WORD_AVERAGE_POOL_PLACE 4'hd  // where the first window lies
`define CROSSLOOP_WORD_ADD_INPUT 4'h3  // window word of the first operands
`define CROSSLOOP_WORD_ADD_OTHER 4'h4  // window word of the second operands
`define CROSSLOOP_WORD_ADD_OUTPUT 4'h5  // window word of the sums
`define CROSSLOOP_WORD_ADD_SCALES 4'h6  // window word of the output block, a scale for each operand
`define CROSSLOOP_WORD_ADD_MODE 4'h8  // flags TABLE and LOGITS, and images
`define CROSSLOOP_WORD_ADD_IN_SIZE 4'h9  // of operands and sum
`define CROSSLOOP_WORD_ADD_DEPTH 4'ha  // channels of operands and sum
`define CROSSLOOP_WORD_WRITE_VERIFY_PAGE 4'h1  // page
`define CROSSLOOP_WORD_WRITE_VERIFY_CELLS 4'h2  // window word of the cell records, column by column
`define CROSSLOOP_WORD_WRITE_VERIFY_ROWS 4'h3  // rows
`define CROSSLOOP_WORD_WRITE_VERIFY_COLUMNS 4'h4  // columns
`define CROSSLOOP_WORD_WRITE_VERIFY_CROSSBAR 4'h5  // crossbar id, key of the random words
`define CROSSLOOP_WORD_WRITE_VERIFY_FIRST_ROW 4'h6  // row of the first record; FIRST_ROW + ROWS <= rows of a page
`define CROSSLOOP_WORD_WRITE_VERIFY_FIRST_COLUMN 4'h7  // column of the first record
`define CROSSLOOP_WORD_WRITE_VERIFY_SETTINGS 4'h8  // window word of the settings
`define CROSSLOOP_WORD_WRITE_VERIFY_STATISTICS 4'h9  // window word of the statistics
`define CROSSLOOP_WORD_WRITE_VERIFY_SEED 4'ha  // pulse seed, key of the random words
`define CROSSLOOP_PART_CONVOLVE_MODE_INPUT_BITS 3:0  // phases, 1..8, least significant bit first
`define CROSSLOOP_PART_CONVOLVE_MODE_SKIP_ZERO 8:8  // a phase without a driven row contributes 0
`define CROSSLOOP_PART_CONVOLVE_MODE_TABLE 9:9  // the output block has an output table
`define CROSSLOOP_PART_CONVOLVE_MODE_LOGITS 10:10  // outputs are int32 words, not bytes; no table
`define CROSSLOOP_PART_CONVOLVE_MODE_ADD_SUMS 11:11  // accumulators start from the running sums, not from 0
`define CROSSLOOP_PART_CONVOLVE_MODE_STORE_SUMS 12:12  // accumulators become running sums, not outputs
`define CROSSLOOP_PART_CONVOLVE_MODE_IMAGES 31:16  // tensors behind each other, each starting on a word
`define CROSSLOOP_PART_CONVOLVE_IN_SIZE_HEIGHT 15:0  // rows
`define CROSSLOOP_PART_CONVOLVE_IN_SIZE_WIDTH 31:16  // columns
`define CROSSLOOP_PART_CONVOLVE_DEPTH_INPUTS 15:0  // of the input
`define CROSSLOOP_PART_CONVOLVE_DEPTH_OUTPUTS 31:16  // of the output, CONVOLVE only
`define CROSSLOOP_PART_CONVOLVE_OUT_SIZE_HEIGHT 15:0  // rows
`define CROSSLOOP_PART_CONVOLVE_OUT_SIZE_WIDTH 31:16  // columns
`define CROSSLOOP_PART_CONVOLVE_KERNEL_HEIGHT 7:0  // rows of a window
`define CROSSLOOP_PART_CONVOLVE_KERNEL_WIDTH 15:8  // columns of a window
`define CROSSLOOP_PART_CONVOLVE_KERNEL_STRIDE_H 23:16  // input rows from one output row to the next
`define CROSSLOOP_PART_CONVOLVE_KERNEL_STRIDE_W 31:24  // input columns from one output column to the next
`define CROSSLOOP_PART_CONVOLVE_PLACE_PAD_TOP 7:0  // rows above the input
`define CROSSLOOP_PART_CONVOLVE_PLACE_PAD_LEFT 15:8  // columns before the input
`define CROSSLOOP_PART_CONVOLVE_PLACE_FIRST_ROW 31:16  // output rows left out before the first one

// Column table: word and bits of a field
`define CROSSLOOP_COLUMN_GAIN_WORD 3'h0  // word of it
`define CROSSLOOP_COLUMN_GAIN 15:0  // unsigned
`define CROSSLOOP_COLUMN_SIGMA_WORD 3'h0  // word of it
`define CROSSLOOP_COLUMN_SIGMA 31:16  // unsigned
`define CROSSLOOP_COLUMN_OFFSET_WORD 3'h1  // word of it
`define CROSSLOOP_COLUMN_OFFSET 31:0  // signed
`define CROSSLOOP_COLUMN_REFERENCE_WORD 3'h2  // word of it
`define CROSSLOOP_COLUMN_REFERENCE 15:0  // reference code
`define CROSSLOOP_COLUMN_OUTPUT_WORD 3'h2  // word of it
`define CROSSLOOP_COLUMN_OUTPUT 31:16  // accumulator
`define CROSSLOOP_COLUMN_SHIFT_WORD 3'h3  // word of it
`define CROSSLOOP_COLUMN_SHIFT 4:0  // right shift of the ADC
`define CROSSLOOP_COLUMN_BITS_WORD 3'h3  // word of it
`define CROSSLOOP_COLUMN_BITS 11:8  // resolution of the ADC, 1..12
`define CROSSLOOP_COLUMN_LEFT_SHIFT_WORD 3'h3  // word of it
`define CROSSLOOP_COLUMN_LEFT_SHIFT 20:16  // left shift of the recombination at phase 0
`define CROSSLOOP_COLUMN_NEGATIVE_WORD 3'h3  // word of it
`define CROSSLOOP_COLUMN_NEGATIVE 24:24  // subtract instead of add
`define CROSSLOOP_COLUMN_ZERO_CODE_WORD 3'h4  // word of it
`define CROSSLOOP_COLUMN_ZERO_CODE 11:0  // ADC code of a zero sum

// Blocks of WRITE_VERIFY: word and bits of a field
`define CROSSLOOP_CELL_STATE_WORD 3'h0  // word of it
`define CROSSLOOP_CELL_STATE 15:0  // conductance, units of the write circuit
`define CROSSLOOP_CELL_TARGET_WORD 3'h0  // word of it
`define CROSSLOOP_CELL_TARGET 31:16  // state it shall have
`define CROSSLOOP_CELL_FACTOR_WORD 3'h1  // word of it
`define CROSSLOOP_CELL_FACTOR 7:0  // step factor, units of 1/64
`define CROSSLOOP_CELL_STUCK_WORD 3'h1  // word of it
`define CROSSLOOP_CELL_STUCK 8:8  // pulses do not move it
`define CROSSLOOP_CELL_SELECTED_WORD 3'h1  // word of it
`define CROSSLOOP_CELL_SELECTED 9:9  // to be written; others are left alone
`define CROSSLOOP_CELL_VERIFIED_WORD 3'h1  // word of it
`define CROSSLOOP_CELL_VERIFIED 10:10  // written by the core: the last read was near enough
`define CROSSLOOP_CELL_READS_WORD 3'h2  // word of it
`define CROSSLOOP_CELL_READS 31:0  // verify reads of its life
`define CROSSLOOP_PULSE_BOTTOM_WORD 3'h0  // word of it
`define CROSSLOOP_PULSE_BOTTOM 15:0  // state where RESET pulses end
`define CROSSLOOP_PULSE_TOP_WORD 3'h0  // word of it
`define CROSSLOOP_PULSE_TOP 31:16  // state where SET pulses end
`define CROSSLOOP_PULSE_SET_RATE_WORD 3'h1  // word of it
`define CROSSLOOP_PULSE_SET_RATE 15:0  // share of the way to TOP, units of 2^-16
`define CROSSLOOP_PULSE_RESET_RATE_WORD 3'h1  // word of it
`define CROSSLOOP_PULSE_RESET_RATE 31:16  // share of the way to BOTTOM
`define CROSSLOOP_PULSE_VERIFY_SIGMA_WORD 3'h2  // word of it
`define CROSSLOOP_PULSE_VERIFY_SIGMA 15:0  // noise of a verify read
`define CROSSLOOP_PULSE_STEP_SIGMA_WORD 3'h2  // word of it
`define CROSSLOOP_PULSE_STEP_SIGMA 23:16  // spread of a step
`define CROSSLOOP_PULSE_TOLERANCE_WORD 3'h3  // word of it
`define CROSSLOOP_PULSE_TOLERANCE 15:0  // largest |read-back - target| that ends the pulses
`define CROSSLOOP_PULSE_BUDGET_WORD 3'h4  // word of it
`define CROSSLOOP_PULSE_BUDGET 31:0  // most pulses of a cell
`define CROSSLOOP_WRITTEN_SET_PULSES_LO_WORD 3'h0  // word of it
`define CROSSLOOP_WRITTEN_SET_PULSES_LO 31:0  // SET pulses, bits 31:0
`define CROSSLOOP_WRITTEN_SET_PULSES_HI_WORD 3'h1  // word of it
`define CROSSLOOP_WRITTEN_SET_PULSES_HI 31:0  // bits 63:32
`define CROSSLOOP_WRITTEN_RESET_PULSES_LO_WORD 3'h2  // word of it
`define CROSSLOOP_WRITTEN_RESET_PULSES_LO 31:0  // RESET pulses, bits 31:0
`define CROSSLOOP_WRITTEN_RESET_PULSES_HI_WORD 3'h3  // word of it
`define CROSSLOOP_WRITTEN_RESET_PULSES_HI 31:0  // bits 63:32
`define CROSSLOOP_WRITTEN_READS_LO_WORD 3'h4  // word of it
`define CROSSLOOP_WRITTEN_READS_LO 31:0  // verify reads, bits 31:0
`define CROSSLOOP_WRITTEN_READS_HI_WORD 3'h5  // word of it
`define CROSSLOOP_WRITTEN_READS_HI 31:0  // bits 63:32
`define CROSSLOOP_WRITTEN_FAILED_WORD 3'h6  // word of it
`define CROSSLOOP_WRITTEN_FAILED 31:0  // selected cells that were not verified
`define CROSSLOOP_WRITTEN_SELECTED_WORD 3'h7  // word of it
`define CROSSLOOP_WRITTEN_SELECTED 31:0  // selected cells

// Errors
`define CROSSLOOP_ERROR_NONE 4'h0  // no error
`define CROSSLOOP_ERROR_BAD_OPCODE 4'h1  // unknown opcode
`define CROSSLOOP_ERROR_NONZERO_RESERVED 4'h2  // an unused word or flag is set
`define CROSSLOOP_ERROR_BAD_PAGE 4'h3  // page or page count beyond PAGES
`define CROSSLOOP_ERROR_BAD_TABLE 4'h4  // rows or columns 0 or beyond ROWS, COLS
`define CROSSLOOP_ERROR_BAD_LENGTH 4'h5  // a number of vectors, outputs, images, channels, rows or bits out of range
`define CROSSLOOP_ERROR_BAD_WINDOW 4'h6  // a range leaves the window or touches the ring
`define CROSSLOOP_ERROR_OVERLAP 4'h7  // what is written overlaps what is read
`define CROSSLOOP_ERROR_NOT_READY 4'h8  // a page is in the wrong state for this, or has no tables

`endif
