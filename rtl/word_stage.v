// word_stage: collects the 32-bit words of one wide memory word, so that the memory needs one write
// enable and no divider.
//
// Words come lowest first with we_i, the last of them with last_i; in the cycle after it write_o is
// high and data_o, unit_o hold the whole word and its unit_i. Words of one that never had its last
// are pushed out by the next.
`default_nettype none

module word_stage #(
  parameter integer WORDS      = 5,
  parameter integer UNIT_WIDTH = 10
) (
  input  wire                  clk_i,

  input  wire                  we_i,
  input  wire                  last_i,
  input  wire [UNIT_WIDTH-1:0] unit_i,
  input  wire [31:0]           wdata_i,

  output wire                  write_o,
  output wire [UNIT_WIDTH-1:0] unit_o,
  output wire [WORDS*32-1:0]   data_o
);

  reg                  write_q;
  reg [UNIT_WIDTH-1:0] unit_q;
  reg [WORDS*32-1:0]   data_q;

  wire [WORDS*32+31:0] pushed = {wdata_i, data_q};

  always @(posedge clk_i) begin
    write_q <= we_i && last_i;
    if (we_i) begin
      unit_q <= unit_i;
      data_q <= pushed[WORDS*32+31:32];
    end
  end

  assign write_o = write_q;
  assign unit_o  = unit_q;
  assign data_o  = data_q;

  wire unused_bits = &{1'b0, pushed[31:0]};

endmodule

`default_nettype wire
