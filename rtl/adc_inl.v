// adc_inl: integral nonlinearity of the ADCs, a table of 256 signed corrections for each page.
//
//   code_o = inl_i ? clamp(code + table[page][code >> max(0, bits - 8)], 0, 2^bits - 1) : code
//
// Corrections are signed bytes in units of the ADC's code, four in a word, the first in the lowest
// byte. Write address = page * 64 + word. The table is written only while no code is moved.
// Latency: one cycle. Throughput: one code per cycle. Twin: engine::corrected_code in
// host/engine/adc.hpp.
`default_nettype none

module adc_inl #(
  parameter integer MAX_BITS = 12,  // widest ADC code, at least 8; bits_i <= MAX_BITS
  parameter integer PAGES    = 16
) (
  input  wire                clk_i,

  input  wire                we_i,
  input  wire [$clog2(PAGES*64)-1:0]
                             addr_i,
  input  wire [31:0]         wdata_i,

  // Codes in, with the page and the resolution they belong to
  input  wire                valid_i,
  input  wire                inl_i,     // 0: codes pass unchanged
  input  wire [((PAGES > 1) ? $clog2(PAGES) : 1)-1:0]
                             page_i,    // 0 .. PAGES - 1
  input  wire [3:0]          bits_i,
  input  wire [MAX_BITS-1:0] code_i,

  output wire [MAX_BITS-1:0] code_o
);

  localparam integer WORDS      = PAGES * 64;
  localparam integer ADDR_WIDTH = $clog2(WORDS);
  localparam integer PAGE_WIDTH = (PAGES > 1) ? $clog2(PAGES) : 1;
  localparam integer WIDTH      = MAX_BITS + 2;  // of code + correction, two's complement

  reg [31:0]         words_q [0:WORDS-1];
  reg [31:0]         word_q;
  reg [1:0]          byte_q;
  reg [MAX_BITS-1:0] code_q;
  reg [MAX_BITS-1:0] top_q;
  reg                inl_q;

  // The code, or its upper eight bits.
  wire [MAX_BITS-1:0] index = (bits_i > 4'd8) ? code_i >> (bits_i - 4'd8) : code_i;
  wire [PAGE_WIDTH+5:0] read = {page_i, index[7:2]};

  always @(posedge clk_i) begin
    if (we_i) words_q[addr_i] <= wdata_i;
    if (valid_i) begin
      code_q <= code_i;
      inl_q  <= inl_i;
    end
    if (valid_i && inl_i) begin
      word_q <= words_q[read[ADDR_WIDTH-1:0]];
      byte_q <= index[1:0];
      top_q  <= ~({MAX_BITS{1'b1}} << bits_i);
    end
  end

  wire        [7:0]       correction = word_q[{byte_q, 3'd0} +: 8];
  wire signed [WIDTH-1:0] corrected  = $signed({2'd0, code_q}) +
                                       $signed({{(WIDTH-8){correction[7]}}, correction});
  wire                    below      = corrected[WIDTH-1];
  wire                    above      = corrected > $signed({2'd0, top_q});

  assign code_o = !inl_q ? code_q
                : below  ? {MAX_BITS{1'b0}}
                : above  ? top_q : corrected[MAX_BITS-1:0];

  wire unused_bits = &{1'b0, read, index};  // those beyond the table

endmodule

`default_nettype wire
