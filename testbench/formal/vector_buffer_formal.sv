// vector_buffer of 4 words: it never counts beyond its memory, and a word counted holds its bytes.
`default_nettype none

module vector_buffer_formal (
  input wire       clk_i,
  input wire       clear_i,
  input wire       byte_valid_i,
  input wire [7:0] byte_i,
  input wire       last_i
);

  reg rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;

  wire [15:0] words;
  wire [31:0] data;

  vector_buffer dut (
    .clk_i(clk_i), .rst_ni(rst_n), .clear_i(clear_i), .byte_valid_i(byte_valid_i),
    .byte_i(byte_i), .last_i(last_i), .words_o(words),
    .read_en_i(1'b1), .read_addr_i(16'd0), .read_data_o(data)
  );

  // The first byte of a vector, and whether it is in word 0 of the memory since two cycles.
  reg       begun;
  reg [7:0] first;
  reg       there;

  always @(posedge clk_i) begin
    if (!rst_n || clear_i) begin
      begun <= 1'b0;
      there <= 1'b0;
    end else begin
      there <= words != 16'd0;
      if (byte_valid_i && !begun) begin
        begun <= 1'b1;
        first <= byte_i;
      end
    end
  end

  always @* if (rst_n) begin
    bounded: assert (words <= 16'd4);
    kept:    assert (!there || data[7:0] == first);
  end

endmodule

`default_nettype wire
