// vector_buffer: the input vector at hand, written byte by byte in order and read by words.
//
// clear_i (a pulse) begins a new vector. Bytes go to word 0, 1, .. four at a time, lowest first;
// with last_i the word begun is completed with zeros. words_o counts the words written. Bytes
// beyond MAX_BYTES are lost. A read answers in the cycle after read_en_i and holds; a byte is
// there to be read two cycles after the last one of its word.
`default_nettype none

module vector_buffer #(
  parameter integer MAX_BYTES = 16384  // a multiple of 4
) (
  input  wire        clk_i,
  input  wire        rst_ni,        // asynchronous, active low; the memory keeps its contents

  input  wire        clear_i,
  input  wire        byte_valid_i,
  input  wire [7:0]  byte_i,
  input  wire        last_i,        // with the last byte of the vector
  output wire [15:0] words_o,

  input  wire        read_en_i,
  input  wire [15:0] read_addr_i,   // word
  output wire [31:0] read_data_o
);

  localparam integer WORDS = MAX_BYTES / 4;
  localparam integer WIDTH = (WORDS > 1) ? $clog2(WORDS) : 1;

  reg [31:0] memory_q [0:WORDS-1];
  reg [31:0] data_q;

  reg [31:0] word_q;    // bytes of the word begun, zeros above them
  reg [1:0]  lane_q;    // of the next byte
  reg [15:0] words_q;

  wire [31:0] word  = word_q | ({24'd0, byte_i} << {lane_q, 3'd0});
  wire        write = byte_valid_i && (lane_q == 2'd3 || last_i);
  wire        room  = {16'd0, words_q} < WORDS;

  always @(posedge clk_i) begin
    if (write && room) memory_q[words_q[WIDTH-1:0]] <= word;
    if (read_en_i) data_q <= memory_q[read_addr_i[WIDTH-1:0]];
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      word_q  <= 32'd0;
      lane_q  <= 2'd0;
      words_q <= 16'd0;
    end else if (clear_i) begin
      word_q  <= 32'd0;
      lane_q  <= 2'd0;
      words_q <= 16'd0;
    end else if (byte_valid_i) begin
      word_q <= write ? 32'd0 : word;
      lane_q <= write ? 2'd0 : lane_q + 2'd1;
      if (write && room) words_q <= words_q + 16'd1;
    end
  end

  assign words_o     = words_q;
  assign read_data_o = data_q;

  wire unused_bits = &{1'b0, read_addr_i};  // those beyond the memory

endmodule

`default_nettype wire
