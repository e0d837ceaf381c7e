// accumulator: one signed 32-bit sum per output of a layer, in a memory with one read and one
// write port. Sums wrap around.
//
//   add    acc[add_output_i] += add_value_i; one per cycle, the same output back to back included.
//          Outputs at or beyond MAX_OUTPUTS are ignored.
//   read   read_data_o = acc[read_output_i] in the cycle after read_i, additions of all earlier
//          cycles included; one per cycle. With read_clear_i the entry is zero afterwards, so that
//          reading a vector out prepares the next one. An add in the same cycle wins.
//   clear  clear_i (a pulse) zeroes entries 0 .. clear_count_i - 1 in as many cycles, busy_o = 1;
//          do not add or read meanwhile. It may be given at any time, also to restart a clear.
//
// Contents are unknown before the first clear.
`default_nettype none

module accumulator #(
  parameter integer MAX_OUTPUTS = 1024  // 1 .. 65536
) (
  input  wire               clk_i,
  input  wire               rst_ni,         // asynchronous, active low

  input  wire               clear_i,
  input  wire        [16:0] clear_count_i,  // 0 .. MAX_OUTPUTS
  output wire               busy_o,

  input  wire               add_valid_i /* verilator public_flat_rd */,
  input  wire        [15:0] add_output_i /* verilator public_flat_rd */,
  input  wire signed [31:0] add_value_i /* verilator public_flat_rd */,

  input  wire               read_i,
  input  wire        [15:0] read_output_i,
  input  wire               read_clear_i,
  output wire        [31:0] read_data_o
);
  // One function for all instances simulates faster than a copy for each. Inputs that differ between
  // them are public, or Verilator would put each one's driver into a copy of its own.
  /* verilator no_inline_module */

  localparam integer AW = (MAX_OUTPUTS > 1) ? $clog2(MAX_OUTPUTS) : 1;

  reg [31:0]   sums_q [0:MAX_OUTPUTS-1];

  // Second stage: the entry has been read, its new value is about to be written.
  reg          adding_q;
  reg          zeroing_q;
  reg [AW-1:0] address_q;
  reg [31:0]   value_q;
  reg [31:0]   entry_q;    // as read, unaware of the write at the same clock edge
  reg          forward_q;  // that write was to the same entry: written_q replaces entry_q
  reg [31:0]   written_q;
  reg [16:0]   left_q;     // entries still to clear; the next one is left_q - 1

  wire          add        = add_valid_i && {16'd0, add_output_i} < MAX_OUTPUTS;
  wire [AW-1:0] address    = add ? add_output_i[AW-1:0] : read_output_i[AW-1:0];
  wire [31:0]   entry      = forward_q ? written_q : entry_q;
  wire [31:0]   sum        = zeroing_q ? 32'd0 : entry + value_q;
  wire          clearing   = left_q != 17'd0;
  wire [16:0]   clear_next = left_q - 17'd1;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      adding_q  <= 1'b0;
      zeroing_q <= 1'b0;
      left_q    <= 17'd0;
    end else begin
      adding_q  <= add && !clear_i;
      zeroing_q <= read_i && read_clear_i && !add && !clear_i;
      if (clear_i) left_q <= clear_count_i;
      else if (clearing) left_q <= clear_next;
    end
  end

  always @(posedge clk_i) begin
    if (add || read_i) begin
      entry_q   <= sums_q[address];
      address_q <= address;
      value_q   <= add_value_i;
      forward_q <= (adding_q || zeroing_q) && address_q == address;
      written_q <= sum;
    end
  end

  always @(posedge clk_i) begin
    if (clearing) sums_q[clear_next[AW-1:0]] <= 32'd0;
    else if (adding_q || zeroing_q) sums_q[address_q] <= sum;
  end

  assign busy_o      = clearing;
  assign read_data_o = entry;

  wire unused_bits = &{1'b0, read_output_i};  // those beyond MAX_OUTPUTS

endmodule

`default_nettype wire
